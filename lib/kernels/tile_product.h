// C (+)= A B in tiles: a few rows of C times a few vectors stay in registers while k goes by; B is
// read as it lies. On the calling thread alone, for matrices that are too small for BLAS, which
// would spend its time on packing them.
#pragma once

#include <cstdint>

#include "kernels/gemm.h"
#include "kernels/simd.h"

namespace cnn {

inline constexpr int kMostTileRows = 6;
inline constexpr int kTileVectors = kVectorRegisters == 32 ? 4 : 2;
inline constexpr int64_t kTileColumns = kTileVectors * kLanes<WideVector>;

struct ProductTile {
  const float* a;  // number (i, p) is a[i * a_row + p * a_column]
  int64_t a_row, a_column;
  const float* b;
  int64_t ldb;
  int64_t depth;  // k
  float* c;
  int64_t ldc;
  bool add;
};

// `height` rows by `columns` columns, at most kMostTileRows by kTileColumns.
void run_tile(const ProductTile& tile, int64_t height, int64_t columns);

// body(first, count) for tiles of nearly equal height that cover `rows`.
template <class Body>
void over_tile_rows(int64_t rows, Body body) {
  int64_t first = 0;
  for (int64_t tiles = (rows + kMostTileRows - 1) / kMostTileRows; tiles > 0; --tiles) {
    const int64_t count = (rows - first + tiles - 1) / tiles;
    body(first, count);
    first += count;
  }
}

// body(first, count) for tiles of nearly equal width, in whole vectors but for the last.
template <class Body>
void over_tile_columns(int64_t columns, Body body) {
  constexpr int64_t kLane = kLanes<WideVector>;
  int64_t first = 0, vectors = (columns + kLane - 1) / kLane;
  for (int64_t tiles = (vectors + kTileVectors - 1) / kTileVectors; tiles > 0; --tiles) {
    const int64_t own = (vectors + tiles - 1) / tiles;
    const int64_t count = own * kLane < columns - first ? own * kLane : columns - first;
    body(first, count);
    first += count;
    vectors -= own;
  }
}

// A product of any size in tiles: the parts of B in turn, all rows for each. `whole` as a tile,
// with k in `depth`. k = 0 gives zeros.
void tile_product(const ProductTile& whole, int64_t rows, int64_t columns);

// C (+)= op(A) op(B) in tiles, the parts of B copied to lie together if they do not (or are
// turned). Where it suits it is faster than BLAS, which copies A as well: a part of B serves all
// rows here.
bool suits_panels(Op a_op, int64_t m, int64_t n, int64_t k, int64_t lda);
void panel_product(Op a_op, Op b_op, int64_t m, int64_t n, int64_t k, const float* a, int64_t lda,
                   const float* b, int64_t ldb, bool add, float* c, int64_t ldc);

}  // namespace cnn

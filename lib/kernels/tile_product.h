// C (+)= A B in tiles: a few rows of C times a few vectors stay in registers while k goes by; B is
// read as it lies. On the calling thread alone, for matrices that are too small for BLAS, which
// would spend its time on packing them.
#pragma once

#include <cstdint>

#include "kernels/simd.h"

namespace cnn {

inline constexpr int kMostTileRows = 6;
inline constexpr int kTileVectors = kVectorRegisters == 32 ? 4 : 2;
inline constexpr int64_t kTileColumns = kTileVectors * kLanes<WideVector>;

struct Tile {
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
void run_tile(const Tile& tile, int64_t height, int64_t columns);

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

// A product of any size in tiles: the parts of B in turn, all rows for each. `whole` as a tile,
// with k in `depth`. k = 0 gives zeros.
void tile_product(const Tile& whole, int64_t rows, int64_t columns);

}  // namespace cnn

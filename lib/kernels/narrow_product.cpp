// C (+)= op(A) B where one size is small: a few rows of C times a few vectors stay in registers
// while k goes by; B is read as it lies. Of few rows (the gradient of a layer's input) every column
// block reads its part of B once from memory; of small k (the gradient of its weights) C is written
// once.
#include <algorithm>

#include "base/parallel.h"
#include "kernels/thin_gemm.h"
#include "kernels/tile_product.h"

namespace cnn {
namespace {

constexpr int64_t kMost = 128;             // of the small size
constexpr int64_t kLeastFloats = 1 << 12;  // of the two others: BLAS is good at small matrices

struct Product {
  int64_t m, n, k;
  const float* a;
  int64_t lda;
  const float* b;
  int64_t ldb;
  bool add;
  float* c;
  int64_t ldc;
};

// Columns [begin, end) of C for few rows of A.
void few_rows(const Product& p, int64_t begin, int64_t end) {
  tile_product({.a = p.a,
                .a_row = p.lda,
                .a_column = 1,
                .b = p.b + begin,
                .ldb = p.ldb,
                .depth = p.k,
                .c = p.c + begin,
                .ldc = p.ldc,
                .add = p.add},
               p.m, end - begin);
}

// Rows [begin, end) by columns [left, right) of C for small k and A turned: its columns are copied
// to lie together, a tile's at a time.
void small_depth(const Product& p, int64_t begin, int64_t end, int64_t left, int64_t right) {
  float packed[kMost * kMostTileRows];
  over_tile_rows(end - begin, [&](int64_t first, int64_t height) {
    const int64_t i = begin + first;
    for (int64_t q = 0; q < p.k; ++q) std::copy_n(p.a + q * p.lda + i, height, packed + q * height);
    for (int64_t j = left; j < right; j += kTileColumns) {
      const ProductTile tile{.a = packed,
                             .a_row = 1,
                             .a_column = height,
                             .b = p.b + j,
                             .ldb = p.ldb,
                             .depth = p.k,
                             .c = p.c + i * p.ldc + j,
                             .ldc = p.ldc,
                             .add = p.add};
      run_tile(tile, height, std::min(kTileColumns, right - j));
    }
  });
}

}  // namespace

bool suits_narrow_product(Op a_op, int64_t m, int64_t n, int64_t k) {
  const int64_t small = a_op == Op::kNone ? m : k, other = a_op == Op::kNone ? k : m;
  return kLanes<WideVector> >= 8 && k > 0 && small <= kMost && n >= kLanes<WideVector> &&
         other >= kLeastFloats / n;
}

void narrow_product(Op a_op, int64_t m, int64_t n, int64_t k, const float* a, int64_t lda,
                    const float* b, int64_t ldb, bool add, float* c, int64_t ldc) {
  constexpr int64_t kBlocks = 16, kMostColumns = 256, kMostAcross = 1024, kDown = 48;
  const Product product{m, n, k, a, lda, b, ldb, add, c, ldc};
  if (a_op == Op::kNone) {
    const int64_t tiles = chunk_count(chunk_count(n, kTileColumns), kBlocks);
    const int64_t block = std::min(kMostColumns, tiles * kTileColumns);
    parallel_for(n, block, [&](int64_t begin, int64_t end) { few_rows(product, begin, end); });
    return;
  }
  const int64_t across = chunk_count(n, kMostAcross), down = chunk_count(m, kDown);
  parallel_for(across * down, 1, [&](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t i = unit / across * kDown, j = unit % across * kMostAcross;
      small_depth(product, i, std::min(i + kDown, m), j, std::min(j + kMostAcross, n));
    }
  });
}

}  // namespace cnn

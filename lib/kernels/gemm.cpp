#include "kernels/gemm.h"

#include <algorithm>
#include <climits>

#include "base/error.h"
#include "base/parallel.h"
#include "kernels/thin_gemm.h"
#include "kernels/tile_product.h"

#ifndef CNN_REFERENCE_BLAS
#include <cblas.h>

#include "kernels/gemm_library.h"
#endif

namespace cnn {
namespace {

constexpr int64_t kTileRows = 256;  // of C, where there is plenty
constexpr int64_t kTileColumns = 512;
constexpr int64_t kEfficientSide = 128;  // below it packing costs more than another cut gains
constexpr int64_t kSmallestSide = 32;
constexpr int64_t kWantedTiles = 16;
constexpr double kSmallestWork = 1 << 20;  // multiply-adds worth a tile of their own
constexpr int64_t kSmallestDepth = 256;    // of a part of k

struct Cut {
  int64_t rows = 1, columns = 1;  // of a tile of C
  int64_t parts = 1;              // of k
};

int64_t round_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

int64_t tile_count(int64_t m, int64_t n, const Cut& cut) {
  return chunk_count(m, cut.rows) * chunk_count(n, cut.columns);
}

// The largest tiles that BLAS likes; a short side leaves room in the cache for more of the other.
Cut coarse_cut(int64_t m, int64_t n) {
  return {std::min(m, n < kTileColumns / 4 ? 4 * kTileRows : kTileRows),
          std::min(n, m < kTileRows / 4 ? 2 * kTileColumns : kTileColumns), 1};
}

// Halves the longer side of the tile while there are too few tiles and they stay worth it.
void refine(int64_t m, int64_t n, int64_t k, int64_t smallest_side, Cut& cut) {
  for (;;) {
    int64_t& side = cut.rows >= cut.columns ? cut.rows : cut.columns;
    const double work = static_cast<double>(cut.rows * cut.columns) * static_cast<double>(k);
    if (tile_count(m, n, cut) >= kWantedTiles || side < 2 * smallest_side ||
        work < 2 * kSmallestWork) {
      return;
    }
    side = round_up((side + 1) / 2, 16);
  }
}

// How many parts of k there may be beside `tiles` tiles, by the memory for their products.
int64_t most_parts(int64_t m, int64_t n, int64_t tiles) {
  if (m > kMaxPartialFloats / n) return 1;
  return std::max<int64_t>(1, std::min(kWantedTiles / tiles, kMaxPartialFloats / (m * n)));
}

// A function of the shape alone: first tiles of C that BLAS likes, then parts of k if that is
// allowed, then narrow tiles.
Cut choose_cut(int64_t m, int64_t n, int64_t k, bool may_cut_depth) {
  Cut cut = coarse_cut(m, n);
  refine(m, n, k, kEfficientSide, cut);
  const int64_t tiles = tile_count(m, n, cut);
  if (may_cut_depth && tiles < kWantedTiles) {
    const double work = static_cast<double>(m * n) * static_cast<double>(k);
    const auto by_work = static_cast<int64_t>(work / kSmallestWork) / tiles;
    cut.parts =
        std::max<int64_t>(1, std::min({most_parts(m, n, tiles), by_work, k / kSmallestDepth}));
  }
  if (cut.parts == 1) refine(m, n, k, kSmallestSide, cut);
  return cut;
}

#ifdef CNN_REFERENCE_BLAS

// For the thread sanitizer, which cannot see into BLAS: blocks of k and of columns that stay in the
// cache, sums in order of k.
void multiply(Op a_op, Op b_op, int64_t m, int64_t n, int64_t k, float alpha, const float* a,
              int64_t lda, const float* b, int64_t ldb, float beta, float* c, int64_t ldc) {
  constexpr int64_t kDepth = 128, kWidth = 256;
  const int64_t a_row = a_op == Op::kNone ? lda : 1, a_column = a_op == Op::kNone ? 1 : lda;
  const int64_t b_row = b_op == Op::kNone ? ldb : 1, b_column = b_op == Op::kNone ? 1 : ldb;
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) c[i * ldc + j] = beta == 0 ? 0 : beta * c[i * ldc + j];
  }
  for (int64_t p0 = 0; p0 < k; p0 += kDepth) {
    for (int64_t j0 = 0; j0 < n; j0 += kWidth) {
      for (int64_t i = 0; i < m; ++i) {
        for (int64_t p = p0; p < std::min(k, p0 + kDepth); ++p) {
          const float factor = alpha * a[i * a_row + p * a_column];
          for (int64_t j = j0; j < std::min(n, j0 + kWidth); ++j) {
            c[i * ldc + j] += factor * b[p * b_row + j * b_column];
          }
        }
      }
    }
  }
}

#else

void multiply(Op a_op, Op b_op, int64_t m, int64_t n, int64_t k, float alpha, const float* a,
              int64_t lda, const float* b, int64_t ldb, float beta, float* c, int64_t ldc) {
  static const auto sgemm = reinterpret_cast<decltype(&cblas_sgemm)>(gemm_library().sgemm);
  const auto blas = [](Op op) { return op == Op::kNone ? CblasNoTrans : CblasTrans; };
  sgemm(CblasRowMajor, blas(a_op), blas(b_op), static_cast<int>(m), static_cast<int>(n),
        static_cast<int>(k), alpha, a, static_cast<int>(lda), b, static_cast<int>(ldb), beta, c,
        static_cast<int>(ldc));
}

#endif

// c = beta * c + the sum of `parts` matrices that follow each other.
void add_parts(int64_t m, int64_t n, int64_t parts, const float* partials, float beta, float* c,
               int64_t ldc) {
  parallel_for(m, grain_for(m, n * parts), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      float* row = c + i * ldc;
      if (beta == 0) {
        std::copy_n(partials + i * n, n, row);
      } else {
        for (int64_t j = 0; j < n; ++j) row[j] = beta * row[j] + partials[i * n + j];
      }
      for (int64_t part = 1; part < parts; ++part) {
        const float* from = partials + (part * m + i) * n;
        for (int64_t j = 0; j < n; ++j) row[j] += from[j];
      }
    }
  });
}

// Of large products BLAS copies little, for what it does.
bool is_middling(int64_t m, int64_t n, int64_t k) {
  constexpr double kMostWork = 1 << 29;
  return static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k) <= kMostWork;
}

// A tile of gemm's.
void multiply_tile(bool middling, Op a_op, Op b_op, int64_t m, int64_t n, int64_t k, float alpha,
                   const float* a, int64_t lda, const float* b, int64_t ldb, float beta, float* c,
                   int64_t ldc) {
  if (middling && alpha == 1 && (beta == 0 || beta == 1) && suits_panels(a_op, m, n, k, lda)) {
    return panel_product(a_op, b_op, m, n, k, a, lda, b, ldb, beta == 1, c, ldc);
  }
  gemm_serial(a_op, b_op, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

}  // namespace

void gemm_serial(Op a_op, Op b_op, int64_t m, int64_t n, int64_t k, float alpha, const float* a,
                 int64_t lda, const float* b, int64_t ldb, float beta, float* c, int64_t ldc) {
  if (m <= 0 || n <= 0) return;
  const int64_t largest = std::max({m, n, k, lda, ldb, ldc});
  if (largest > INT_MAX) {
    fail(Exit::kSpec, "", "a matrix product of {} x {} x {} is beyond BLAS: sizes end at {}", m, n,
         k, INT_MAX);
  }
  CNN_ASSERT(k >= 0 && ldc >= n);
  CNN_ASSERT(lda >= (a_op == Op::kNone ? k : m) && ldb >= (b_op == Op::kNone ? n : k));
  multiply(a_op, b_op, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void gemm(Op a_op, Op b_op, int64_t m, int64_t n, int64_t k, float alpha, const float* a,
          int64_t lda, const float* b, int64_t ldb, float beta, float* c, int64_t ldc,
          float* partials) {
  if (m <= 0 || n <= 0) return;
  if (alpha == 1 && (beta == 0 || beta == 1)) {
    if (b_op == Op::kNone && suits_narrow_product(a_op, m, n, k)) {
      return narrow_product(a_op, m, n, k, a, lda, b, ldb, beta == 1, c, ldc);
    }
    if (a_op == Op::kNone && b_op == Op::kTranspose && suits_dot_product(m, n, k)) {
      Epilogue epilogue;
      if (beta == 1) epilogue.residual = c;
      return dot_product(m, n, k, a, lda, b, ldb, epilogue, c, ldc);
    }
  }
  const bool middling = is_middling(m, n, k);
  const Cut cut = choose_cut(m, n, k, partials != nullptr);
  const int64_t across = chunk_count(n, cut.columns);
  const int64_t tiles = chunk_count(m, cut.rows) * across;
  const int64_t depth = (k + cut.parts - 1) / cut.parts;
  parallel_for(tiles * cut.parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t part = unit / tiles, tile = unit % tiles;
      const int64_t i = tile / across * cut.rows, j = tile % across * cut.columns;
      const int64_t p = std::min(k, part * depth);
      const float* a_tile = a + (a_op == Op::kNone ? i * lda + p : p * lda + i);
      const float* b_tile = b + (b_op == Op::kNone ? p * ldb + j : j * ldb + p);
      const bool whole = cut.parts == 1;
      float* c_tile = whole ? c + i * ldc + j : partials + (part * m + i) * n + j;
      multiply_tile(middling, a_op, b_op, std::min(cut.rows, m - i), std::min(cut.columns, n - j),
                    std::min(depth, k - p), alpha, a_tile, lda, b_tile, ldb, whole ? beta : 0,
                    c_tile, whole ? ldc : n);
    }
  });
  if (cut.parts > 1) add_parts(m, n, cut.parts, partials, beta, c, ldc);
}

void gemm(Op a_op, Op b_op, int64_t m, int64_t n, int64_t k, const float* a, int64_t lda,
          const float* b, int64_t ldb, const Epilogue& epilogue, float* c, int64_t ldc) {
  if (m <= 0 || n <= 0) return;
  if (a_op == Op::kNone && b_op == Op::kTranspose && suits_dot_product(m, n, k)) {
    return dot_product(m, n, k, a, lda, b, ldb, epilogue, c, ldc);
  }
  const bool middling = is_middling(m, n, k);
  const Cut cut = choose_cut(m, n, k, false);
  const int64_t across = chunk_count(n, cut.columns);
  parallel_for(chunk_count(m, cut.rows) * across, 1, [&](int64_t begin, int64_t end) {
    for (int64_t tile = begin; tile < end; ++tile) {
      const int64_t i = tile / across * cut.rows, j = tile % across * cut.columns;
      const int64_t rows = std::min(cut.rows, m - i), columns = std::min(cut.columns, n - j);
      float* to = c + i * ldc + j;
      const bool started = start_rows(epilogue.from(i * ldc + j, j), rows, columns, ldc, to);
      multiply_tile(middling, a_op, b_op, rows, columns, k, 1,
                    a + (a_op == Op::kNone ? i * lda : i), lda,
                    b + (b_op == Op::kNone ? j : j * ldb), ldb, started ? 1 : 0, to, ldc);
      rectify_rows(epilogue.rectifier, rows, columns, ldc, to);
    }
  });
}

int64_t gemm_partials(int64_t m, int64_t n) {
  if (m <= 0 || n <= 0) return 0;
  const int64_t parts =
      most_parts(m, n, std::min(kWantedTiles, tile_count(m, n, coarse_cut(m, n))));
  return parts > 1 ? parts * m * n : 0;
}

}  // namespace cnn

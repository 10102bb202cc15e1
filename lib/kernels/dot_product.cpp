// C = A B^T by dot products, for few rows of A: both operands lie along k as vectors want them, so
// that nothing is packed and B, the weights of a layer, is read once from memory.
#include <algorithm>
#include <utility>

#include "base/parallel.h"
#include "kernels/finish.h"
#include "kernels/simd.h"
#include "kernels/thin_gemm.h"

namespace cnn {
namespace {

using V = WideVector;
constexpr int kWidth = kLanes<V>;
// A tile has as many sums as a vector has lanes: they are reduced to one vector together.
constexpr int kRows = 4, kColumns = kWidth / kRows;
constexpr int64_t kMostRows = 128;         // of A
constexpr int64_t kLeastFloats = 1 << 12;  // of B: BLAS knows how to multiply small matrices
constexpr int64_t kBlock = 16;             // columns of C that are worked on together
constexpr int64_t kDepth = 1024;           // of k: a tile of B stays in the nearest cache
constexpr int64_t kDepthFloats = 1 << 16;  // and that part of A in the next one

// Half the lanes of a, half those of b, by blocks of 2 * kHalf lanes: the lower (kUpper: the upper)
// half of each block of a, then that of b.
template <int kHalf, bool kUpper, int... kLane>
inline V halves(V a, V b, std::integer_sequence<int, kLane...>) {
  using Integers = typename Lanes<V, true>::Integers;
  constexpr auto from = [](int lane) {
    const bool second = (lane & kHalf) != 0;
    return (lane & ~kHalf) + (kUpper ? kHalf : 0) + (second ? kWidth : 0);
  };
  return __builtin_shuffle(a, b, Integers{from(kLane)...});
}

// Lane i becomes the sum over the lanes of sums[i].
template <int kHalf = kWidth / 2>
inline V reduce(V* sums) {
  constexpr auto lanes = std::make_integer_sequence<int, kWidth>();
  for (int i = 0; i < kHalf; ++i) {
    sums[i] = halves<kHalf, false>(sums[i], sums[i + kHalf], lanes) +
              halves<kHalf, true>(sums[i], sums[i + kHalf], lanes);
  }
  if constexpr (kHalf > 1) {
    return reduce<kHalf / 2>(sums);
  } else {
    return sums[0];
  }
}

struct Tile {
  const float* a[kRows];
  const float* b[kColumns];
  int64_t depth;
  int64_t ahead;  // floats from a row of B to the one that is needed next
};

// Lane row * kColumns + column: the dot product of a row of A and one of B.
V multiply(const Tile& t) {
  V sums[kRows * kColumns] = {};
  const auto add = [&](auto load_at) {
    V b[kColumns];
#pragma GCC unroll 4
    for (int j = 0; j < kColumns; ++j) b[j] = in_register(load_at(t.b[j]));
#pragma GCC unroll 4
    for (int i = 0; i < kRows; ++i) {
      const V a = in_register(load_at(t.a[i]));
#pragma GCC unroll 4
      for (int j = 0; j < kColumns; ++j) sums[i * kColumns + j] += a * b[j];
    }
  };
  int64_t p = 0;
  for (; p + kWidth <= t.depth; p += kWidth) {
#pragma GCC unroll 4
    for (int j = 0; j < kColumns; ++j) __builtin_prefetch(t.b[j] + t.ahead + p, 0, 2);
    add([p](const float* row) { return load<V>(row + p); });
  }
  const int64_t rest = t.depth - p;
  if (rest > 0) add([p, rest](const float* row) { return load_first<V>(row + p, rest); });
  return reduce(sums);
}

struct Product {
  int64_t m, n, k;
  const float* a;
  int64_t lda;
  const float* b;
  int64_t ldb;
};

// sums[m, kBlock] += the part of k from `first` on of columns [begin, end).
void add_depth(const Product& p, int64_t begin, int64_t end, int64_t first, int64_t depth,
               float* sums) {
  for (int64_t j = begin; j < end; j += kColumns) {
    Tile tile;
    tile.depth = depth;
    tile.ahead = j + 2 * kColumns <= p.n ? kColumns * p.ldb : 0;
    for (int c = 0; c < kColumns; ++c) tile.b[c] = p.b + std::min(j + c, end - 1) * p.ldb + first;
    for (int64_t i = 0; i < p.m; i += kRows) {
      for (int r = 0; r < kRows; ++r) tile.a[r] = p.a + std::min(i + r, p.m - 1) * p.lda + first;
      alignas(V) float products[kWidth];
      store(products, multiply(tile));
      for (int r = 0; r < std::min<int64_t>(kRows, p.m - i); ++r) {
        float* to = sums + (i + r) * kBlock + j - begin;
        for (int c = 0; c < kColumns; ++c) to[c] += products[r * kColumns + c];
      }
    }
  }
}

void finish(const Epilogue& epilogue, int64_t m, int64_t columns, const float* sums, float* c,
            int64_t ldc) {
  over_channels(columns, [&](auto lanes, int64_t j, int64_t n) {
    using L = decltype(lanes);
    using W = typename L::Vector;
    const Finish<W> end(epilogue);
    const W start = end.template start<L::kWhole>(j, n);
    for (int64_t i = 0; i < m; ++i) {
      const int64_t at = i * ldc + j;
      const W sum = start + load<W>(sums + i * kBlock + j);
      store_lanes<W, L::kWhole>(c + at, end.template finish<L::kWhole>(sum, at, n), n);
    }
  });
}

}  // namespace

bool suits_dot_product(int64_t m, int64_t n, int64_t k) {
  return kWidth >= 8 && m <= kMostRows && k >= kWidth && n >= kLeastFloats / k;
}

void dot_product(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* b,
                 int64_t ldb, const Epilogue& epilogue, float* c, int64_t ldc) {
  static_assert(kBlock % kColumns == 0 && kBlock % kWidth == 0);
  const Product product{m, n, k, a, lda, b, ldb};
  const int64_t vectors = std::min(kDepth, kDepthFloats / m) / kWidth;
  const int64_t depth = std::max<int64_t>(1, vectors) * kWidth;
  parallel_for(n, kBlock, [&](int64_t begin, int64_t end) {
    for (int64_t first_row = 0; first_row < m; first_row += kMostRows) {
      alignas(64) float sums[kMostRows * kBlock];
      Product part = product;
      part.m = std::min(kMostRows, m - first_row);
      std::fill_n(sums, part.m * kBlock, 0.0f);
      part.a += first_row * lda;
      for (int64_t first = 0; first < k; first += depth) {
        add_depth(part, begin, end, first, std::min(depth, k - first), sums);
      }
      const int64_t at = first_row * ldc + begin;
      finish(epilogue.from(at, begin), part.m, end - begin, sums, c + at, ldc);
    }
  });
}

}  // namespace cnn

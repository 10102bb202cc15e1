// A few rows times one to three vectors of C stay in registers while the depth passes by. Serial
// BLAS is slower here: it packs the weights anew for every block of tiles.
#include "kernels/conv/winograd_product.h"

#include <algorithm>
#include <array>
#include <utility>

namespace cnn {
namespace {

using V = WideVector;

// 8 x 3 sums, 3 columns and a factor in 32 registers; 4 x 3 in 16. Of one vector twice the rows.
constexpr int kFewRows = std::min<int>(kVectorRegisters == 32 ? 8 : 4, kPanel);
constexpr int kMostRows = std::min<int>(2 * kFewRows, kPanel);
constexpr int kMostVectors = 3;
static_assert(kPanel % kMostRows == 0 && kMostRows % kFewRows == 0);  // rows of A^T: of one panel

constexpr int rows_for(int64_t vectors) { return vectors == 1 ? kMostRows : kFewRows; }

struct Block {
  int64_t depth;
  Panels<const float> a, b;
  bool add;
  Panels<float> c;
};

// Steps of depth [0, count) from `a` and `b`. A's row r at step k: a[r * kPanel + k], transposed
// a[k * kPanel + r].
template <bool kTransposed, int kRows, int kVectors>
inline void add_products(int64_t count, const float* a, const float* b, int64_t b_distance,
                         V (&sums)[kRows][kVectors]) {
#pragma GCC unroll 1
  for (int64_t k = 0; k < count; ++k) {
    V columns[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) columns[v] = load<V>(b + v * b_distance + k * kPanel);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const V factor = broadcast<V>(a[kTransposed ? k * kPanel + r : r * kPanel + k]);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sums[r][v] += factor * columns[v];
    }
  }
}

// Sums are indexed by numbers that the compiler knows: else it keeps a copy of them in memory.
template <bool kTransposed, int kRows, int kVectors>
void multiply_block(const Block& block) {
  const Panels<float> c = block.c;
  V sums[kRows][kVectors];
  const auto each_sum = [&](auto&& body) {
    unrolled<kRows>([&](auto r) {
      unrolled<kVectors>([&](auto v) { body(sums[r][v], c.data + v * c.distance + r * kPanel); });
    });
  };
  if (block.add) {
    each_sum([](V& sum, float* at) { sum = load<V>(at); });
  } else {
    each_sum([](V& sum, float*) { sum = V{}; });
  }
  const float* a = block.a.data;
  const float* b = block.b.data;
  const int64_t depth = block.depth, a_distance = block.a.distance, b_distance = block.b.distance;
  if constexpr (kTransposed) {
    add_products<true>(depth, a, b, b_distance, sums);
  } else {
    for (int64_t k = 0; k < depth; k += kPanel) {
      add_products<false>(std::min(kPanel, depth - k), a, b, b_distance, sums);
      a += a_distance;
      b += kPanel * kPanel;
    }
  }
  each_sum([](V& sum, float* at) { store(at, sum); });
}

using Function = void (*)(const Block&);

template <bool kTransposed, int kRows>
constexpr std::array<Function, kMostVectors> functions_of_rows() {
  if constexpr (kRows <= kFewRows) {
    return {multiply_block<kTransposed, kRows, 1>, multiply_block<kTransposed, kRows, 2>,
            multiply_block<kTransposed, kRows, 3>};
  } else {
    return {multiply_block<kTransposed, kRows, 1>, nullptr, nullptr};
  }
}

// By number of rows, then of vectors, each less one.
template <bool kTransposed, int... kRows>
constexpr auto function_table(std::integer_sequence<int, kRows...>) {
  return std::array{functions_of_rows<kTransposed, kRows + 1>()...};
}

template <bool kTransposed>
constexpr auto kFunctions =
    function_table<kTransposed>(std::make_integer_sequence<int, kMostRows>{});

template <bool kTransposed>
void multiply(int64_t rows, int64_t depth, int64_t panels, Panels<const float> a,
              Panels<const float> b, bool add, Panels<float> c) {
  for (int64_t p = 0; p < panels;) {
    // 4 are 2 + 2: one vector alone keeps the processor waiting for its loads.
    const int64_t rest = panels - p;
    const int64_t vectors = rest == 4 ? 2 : std::min<int64_t>(rest, kMostVectors);
    const int64_t most = rows_for(vectors);
    for (int64_t i = 0; i < rows; i += most) {
      const int64_t count = std::min<int64_t>(rows - i, most);
      const float* from =
          kTransposed ? a.data + i / kPanel * a.distance + i % kPanel : a.data + i * kPanel;
      kFunctions<kTransposed>[static_cast<size_t>(count - 1)][static_cast<size_t>(vectors - 1)](
          {depth,
           {from, a.distance},
           {b.data + p * b.distance, b.distance},
           add,
           {c.data + p * c.distance + i * kPanel, c.distance}});
    }
    p += vectors;
  }
}

}  // namespace

void multiply_panels(int64_t rows, int64_t depth, int64_t panels, Panels<const float> a,
                     Panels<const float> b, bool add, Panels<float> c) {
  multiply<false>(rows, depth, panels, a, b, add, c);
}

void multiply_panels_transposed(int64_t rows, int64_t depth, int64_t panels, Panels<const float> a,
                                Panels<const float> b, bool add, Panels<float> c) {
  multiply<true>(rows, depth, panels, a, b, add, c);
}

}  // namespace cnn

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
constexpr int kFewRows = kVectorRegisters == 32 ? 8 : 4;
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

template <bool kTransposed, int kRows, int kVectors>
void multiply_block(const Block& block) {
  V sums[kRows][kVectors] = {};
  if (block.add) {
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kVectors; ++v) {
        sums[r][v] = load<V>(block.c.data + v * block.c.distance + r * kPanel);
      }
    }
  }
  if constexpr (kTransposed) {
    add_products<true>(block.depth, block.a.data, block.b.data, block.b.distance, sums);
  } else {
    const float* b = block.b.data;
    const float* a = block.a.data;
    for (int64_t k = 0; k < block.depth; k += kPanel) {
      add_products<false>(std::min(kPanel, block.depth - k), a, b, block.b.distance, sums);
      a += block.a.distance;
      b += kPanel * kPanel;
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) {
      store(block.c.data + v * block.c.distance + r * kPanel, sums[r][v]);
    }
  }
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

#include "kernels/tile_product.h"

#include <algorithm>
#include <array>
#include <utility>

#include "kernels/turn.h"

namespace cnn {
namespace {

using V = WideVector;
constexpr int64_t kDepth = 96;  // of k at a time: a tile's part of B stays in the nearest cache

// Rows go by threes, so that their addresses need one register for each three and one for the
// distance.
template <int kHeight, int kAcross, bool kWhole>
void run(const ProductTile& t, int64_t last_lanes) {
  constexpr int kThrees = (kHeight + 2) / 3;
  constexpr int kWidth = kLanes<V>;
  V sums[kHeight][kAcross] = {};
  const float *a = t.a, *b = t.b;
  for (int64_t p = 0; p < t.depth; ++p, a += t.a_column, b += t.ldb) {
    const float* from[kThrees];
    from[0] = a;
    for (int i = 1; i < kThrees; ++i) from[i] = from[i - 1] + 3 * t.a_row;
    V row[kAcross];
    unrolled<kAcross>([&](auto v) {
      constexpr bool kFull = kWhole || v < kAcross - 1;
      __builtin_prefetch(b + kTileColumns + v * kWidth, 0, 2);  // the next tile's
      row[v] = load_lanes<V, kFull>(b + v * kWidth, last_lanes);
    });
    unrolled<kHeight>([&](auto i) {
      const V x = in_register(broadcast<V>(from[i / 3][i % 3 * t.a_row]));
      unrolled<kAcross>([&](auto v) { sums[i][v] += x * row[v]; });
    });
  }
  const auto write = [&](auto add) {
    unrolled<kHeight>([&](auto i) {
      unrolled<kAcross>([&](auto v) {
        constexpr bool kFull = kWhole || v < kAcross - 1;
        float* to = t.c + i * t.ldc + v * kWidth;
        V sum = sums[i][v];
        if constexpr (add) sum += load_lanes<V, kFull>(to, last_lanes);
        store_lanes<V, kFull>(to, sum, last_lanes);
      });
    });
  };
  if (t.add) {
    write(std::true_type{});
  } else {
    write(std::false_type{});
  }
}

using TileFunction = void (*)(const ProductTile&, int64_t);

template <int kAcross, bool kWhole, int... kHeight>
constexpr auto by_height(std::integer_sequence<int, kHeight...>) {
  return std::array<TileFunction, sizeof...(kHeight)>{run<kHeight + 1, kAcross, kWhole>...};
}

template <bool kWhole, int... kAcross>
constexpr auto by_width(std::integer_sequence<int, kAcross...>) {
  constexpr auto heights = std::make_integer_sequence<int, kMostTileRows>();
  return std::array{by_height<kAcross + 1, kWhole>(heights)...};
}

}  // namespace

void run_tile(const ProductTile& t, int64_t height, int64_t columns) {
  constexpr auto widths = std::make_integer_sequence<int, kTileVectors>();
  static constexpr auto kTable = std::array{by_width<false>(widths), by_width<true>(widths)};
  const int64_t across = (columns + kLanes<V> - 1) / kLanes<V>;
  const int64_t last_lanes = columns - (across - 1) * kLanes<V>;
  const bool whole = last_lanes == kLanes<V>;
  kTable[whole][static_cast<size_t>(across - 1)][static_cast<size_t>(height - 1)](t, last_lanes);
}

void tile_product(const ProductTile& whole, int64_t rows, int64_t columns) {
  for (int64_t i = 0; whole.depth <= 0 && !whole.add && i < rows; ++i) {
    std::fill_n(whole.c + i * whole.ldc, columns, 0.0f);
  }
  for (int64_t first = 0; first < whole.depth; first += kDepth) {
    over_tile_columns(columns, [&](int64_t j, int64_t width) {
      over_tile_rows(rows, [&](int64_t i, int64_t height) {
        ProductTile tile = whole;
        tile.a += i * whole.a_row + first * whole.a_column;
        tile.b += first * whole.ldb + j;
        tile.depth = std::min(kDepth, whole.depth - first);
        tile.c += i * whole.ldc + j;
        tile.add = whole.add || first > 0;
        run_tile(tile, height, width);
      });
    });
  }
}

// Of a turned A a tile's numbers are lda apart: beyond some distance they drive each other out of
// the cache.
bool suits_panels(Op a_op, int64_t m, int64_t n, int64_t k, int64_t lda) {
  constexpr int64_t kLeast = 16, kFarthest = 1000;
  return kLanes<V> >= 8 && std::min({m, n, k}) >= kLeast && (a_op == Op::kNone || lda <= kFarthest);
}

void panel_product(Op a_op, Op b_op, int64_t m, int64_t n, int64_t k, const float* a, int64_t lda,
                   const float* b, int64_t ldb, bool add, float* c, int64_t ldc) {
  constexpr int64_t kNear = 512;  // rows of B that lie so near are as good as copied ones
  alignas(64) float panel[kDepth * kTileColumns];
  const int64_t a_row = a_op == Op::kNone ? lda : 1, a_column = a_op == Op::kNone ? 1 : lda;
  if (b_op == Op::kNone && ldb <= kNear) {
    return tile_product({.a = a,
                         .a_row = a_row,
                         .a_column = a_column,
                         .b = b,
                         .ldb = ldb,
                         .depth = k,
                         .c = c,
                         .ldc = ldc,
                         .add = add},
                        m, n);
  }
  for (int64_t first = 0; first < k; first += kDepth) {
    const int64_t depth = std::min(kDepth, k - first);
    over_tile_columns(n, [&](int64_t j, int64_t columns) {
      if (b_op == Op::kTranspose) {
        turn(b + j * ldb + first, ldb, columns, depth, panel, kTileColumns);
      } else {
        for (int64_t p = 0; p < depth; ++p) {
          copy_few(b + (first + p) * ldb + j, columns, panel + p * kTileColumns);
        }
      }
      over_tile_rows(m, [&](int64_t i, int64_t height) {
        run_tile({.a = a + i * a_row + first * a_column,
                  .a_row = a_row,
                  .a_column = a_column,
                  .b = panel,
                  .ldb = kTileColumns,
                  .depth = depth,
                  .c = c + i * ldc + j,
                  .ldc = ldc,
                  .add = add || first > 0},
                 height, columns);
      });
    });
  }
}

}  // namespace cnn

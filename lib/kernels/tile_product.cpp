#include "kernels/tile_product.h"

#include <algorithm>
#include <array>
#include <utility>

namespace cnn {
namespace {

using V = WideVector;
constexpr int64_t kDepth = 96;  // of k at a time: a tile's part of B stays in the nearest cache

// Rows go by threes, so that their addresses need one register for each three and one for the
// distance.
template <int kHeight, int kAcross, bool kWhole>
void run(const Tile& t, int64_t last_lanes) {
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

using TileFunction = void (*)(const Tile&, int64_t);

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

void run_tile(const Tile& t, int64_t height, int64_t columns) {
  constexpr auto widths = std::make_integer_sequence<int, kTileVectors>();
  static constexpr auto kTable = std::array{by_width<false>(widths), by_width<true>(widths)};
  const int64_t across = (columns + kLanes<V> - 1) / kLanes<V>;
  const int64_t last_lanes = columns - (across - 1) * kLanes<V>;
  const bool whole = last_lanes == kLanes<V>;
  kTable[whole][static_cast<size_t>(across - 1)][static_cast<size_t>(height - 1)](t, last_lanes);
}

void tile_product(const Tile& whole, int64_t rows, int64_t columns) {
  for (int64_t i = 0; whole.depth <= 0 && !whole.add && i < rows; ++i) {
    std::fill_n(whole.c + i * whole.ldc, columns, 0.0f);
  }
  for (int64_t first = 0; first < whole.depth; first += kDepth) {
    for (int64_t j = 0; j < columns; j += kTileColumns) {
      over_tile_rows(rows, [&](int64_t i, int64_t height) {
        Tile tile = whole;
        tile.a += i * whole.a_row + first * whole.a_column;
        tile.b += first * whole.ldb + j;
        tile.depth = std::min(kDepth, whole.depth - first);
        tile.c += i * whole.ldc + j;
        tile.add = whole.add || first > 0;
        run_tile(tile, height, std::min(kTileColumns, columns - j));
      });
    }
  }
}

}  // namespace cnn

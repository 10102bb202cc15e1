// Sums of products of a few rows with a panel of kVectors vectors side by side, in registers. The
// panel's piece of the depth stays in the first-level cache while all rows pass by.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "kernels/simd.h"

namespace cnn {

inline constexpr int kPanelVectors = 4;
inline constexpr int64_t kPanelLanes = kLanes<WideVector>;
inline constexpr int64_t kMostRowsAtOnce = 16;  // of one call

// The sums of a row: kPanelVectors vectors, of which a panel of three uses the first three.
struct PanelSums {
  alignas(sizeof(WideVector)) float lanes[kPanelVectors][kPanelLanes];
};

namespace detail {

// 6 x 4 sums, 4 columns and a factor in 32 registers; 2 x 4 in 16.
inline constexpr int kMostTileRows = kVectorRegisters == 32 ? 6 : 2;

template <int kVectors, int kRows>
void add_tile(int64_t depth, const float* const* rows, int64_t first, const float* panel,
              PanelSums* sums) {
  using V = WideVector;
  V sum[kRows][kVectors];
  const float* row[kRows];
  unrolled<kRows>([&](auto r) {
    row[r] = rows[r] + first;
    unrolled<kVectors>([&](auto v) { sum[r][v] = load<V>(sums[r].lanes[v]); });
  });
#pragma GCC unroll 1
  for (int64_t k = 0; k < depth; ++k) {
    V columns[kVectors];
    unrolled<kVectors>(
        [&](auto v) { columns[v] = load<V>(panel + (k * kVectors + v) * kPanelLanes); });
    unrolled<kRows>([&](auto r) {
      const V factor = broadcast<V>(row[r][k]);
      unrolled<kVectors>([&](auto v) { sum[r][v] += factor * columns[v]; });
    });
  }
  unrolled<kRows>(
      [&](auto r) { unrolled<kVectors>([&](auto v) { store(sums[r].lanes[v], sum[r][v]); }); });
}

using TileFunction = void (*)(int64_t, const float* const*, int64_t, const float*, PanelSums*);

template <int kVectors, int... kRows>
constexpr auto tile_functions(std::integer_sequence<int, kRows...>) {
  return std::array<TileFunction, sizeof...(kRows)>{add_tile<kVectors, kRows + 1>...};
}

template <int kVectors>
inline constexpr auto kTileFunctions =
    tile_functions<kVectors>(std::make_integer_sequence<int, kMostTileRows>{});

}  // namespace detail

// sums[r] += rows[r][0 .. depth) times the panel [depth, kVectors * kPanelLanes].
template <int kVectors>
inline void add_panel_products(int64_t depth, int64_t count, const float* const* rows,
                               const float* panel, PanelSums* sums) {
  constexpr int64_t kBytes = 24 * 1024;  // of a first-level cache of 32 KiB
  constexpr int64_t kMostDepth =
      kBytes / (kVectors * kPanelLanes * static_cast<int64_t>(sizeof(float)));
  const int64_t pieces = (depth + kMostDepth - 1) / kMostDepth;
  const int64_t tiles = (count + detail::kMostTileRows - 1) / detail::kMostTileRows;
  for (int64_t piece = 0; piece < pieces; ++piece) {
    const int64_t first = depth * piece / pieces, end = depth * (piece + 1) / pieces;
    for (int64_t tile = 0; tile < tiles; ++tile) {
      const int64_t row = count * tile / tiles, size = count * (tile + 1) / tiles - row;
      detail::kTileFunctions<kVectors>[static_cast<size_t>(size - 1)](
          end - first, rows + row, first, panel + first * kVectors * kPanelLanes, sums + row);
    }
  }
}

}  // namespace cnn

// Sums of products of a few rows with a panel of up to four vectors side by side, in registers.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "kernels/simd.h"

namespace cnn {

inline constexpr int kPanelVectors = 4;
inline constexpr int64_t kPanelLanes = kLanes<WideVector>;
inline constexpr int64_t kPanelWidth = kPanelVectors * kPanelLanes;

// The sums of one row.
struct PanelSums {
  alignas(sizeof(WideVector)) float lanes[kPanelVectors][kPanelLanes];
};

namespace detail {

// 6 x 4 sums, 4 columns and a factor in 32 registers; 2 x 4 in 16.
inline constexpr int kMostTileRows = kVectorRegisters == 32 ? 6 : 2;

// `factor(r, k)` times the vectors at `column(k)`, for `depth` of k.
template <int kVectors, int kRows, class Factor, class Column>
inline void add_tile(int64_t depth, Factor factor, Column column, PanelSums* sums, int first) {
  using V = WideVector;
  V sum[kRows][kVectors];
  unrolled<kRows>([&](auto r) {
    unrolled<kVectors>([&](auto v) { sum[r][v] = load<V>(sums[r].lanes[first + v]); });
  });
#pragma GCC unroll 1
  for (int64_t k = 0; k < depth; ++k) {
    const float* from = column(k);
    V columns[kVectors];
    unrolled<kVectors>([&](auto v) { columns[v] = load<V>(from + v * kPanelLanes); });
    unrolled<kRows>([&](auto r) {
      const V by = broadcast<V>(factor(r, k));
      unrolled<kVectors>([&](auto v) { sum[r][v] += by * columns[v]; });
    });
  }
  unrolled<kRows>([&](auto r) {
    unrolled<kVectors>([&](auto v) { store(sums[r].lanes[first + v], sum[r][v]); });
  });
}

// body(a number of rows that the compiler knows, the first row) for tiles of about equal size.
template <class Body>
inline void over_tiles(int64_t count, Body&& body) {
  const int64_t tiles = (count + kMostTileRows - 1) / kMostTileRows;
  for (int64_t tile = 0; tile < tiles; ++tile) {
    const int64_t row = count * tile / tiles, size = count * (tile + 1) / tiles - row;
    unrolled<kMostTileRows>([&](auto less_one) {
      if (size == less_one + 1) body(std::integral_constant<int, less_one + 1>{}, row);
    });
  }
}

}  // namespace detail

// sums[r] += rows[r][offset .. offset + depth) times the panel [depth, kVectors * kPanelLanes]; the
// panel's vectors are those of the sums from `first` on. A piece of the panel stays in the
// first-level cache while all rows pass by.
template <int kVectors>
inline void add_panel_products(int64_t depth, int64_t count, const float* const* rows,
                               int64_t offset, const float* panel, PanelSums* sums, int first = 0) {
  constexpr int64_t kBytes = 20 * 1024;  // of a first-level cache of 32 KiB
  constexpr int64_t kWidth = kVectors * kPanelLanes;
  constexpr int64_t kMostDepth = kBytes / (kWidth * static_cast<int64_t>(sizeof(float)));
  const int64_t pieces = (depth + kMostDepth - 1) / kMostDepth;
  for (int64_t piece = 0; piece < pieces; ++piece) {
    const int64_t begin = depth * piece / pieces, size = depth * (piece + 1) / pieces - begin;
    const float* part = panel + begin * kWidth;
    detail::over_tiles(count, [&](auto tile_rows, int64_t row) {
      constexpr int kRows = decltype(tile_rows)::value;
      const float* from[kRows];
      unrolled<kRows>([&](auto r) { from[r] = rows[row + r] + offset + begin; });
      detail::add_tile<kVectors, kRows>(
          size, [&](auto r, int64_t k) { return from[r][k]; },
          [=](int64_t k) { return part + k * kWidth; }, sums + row, first);
    });
  }
}

// sums[u] += sum over k of factors[k][u] times the vectors at columns[k]: `units` rows of sums.
template <int kVectors>
inline void add_outer_products(int64_t depth, int64_t units, const float* const* factors,
                               const float* const* columns, PanelSums* sums) {
  detail::over_tiles(units, [&](auto tile_rows, int64_t unit) {
    detail::add_tile<kVectors, decltype(tile_rows)::value>(
        depth, [=](auto r, int64_t k) { return factors[k][unit + r]; },
        [=](int64_t k) { return columns[k]; }, sums + unit, 0);
  });
}

}  // namespace cnn

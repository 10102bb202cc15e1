#include "kernels/conv/correlation.h"

#include <algorithm>
#include <utility>

#include "base/parallel.h"

namespace cnn {
namespace {

int64_t positive_remainder(int64_t n, int64_t divisor) { return (n % divisor + divisor) % divisor; }

// The grid of the pixels of dx at (row, col) modulo the stride.
Correlation backward_grid(const ConvShape& s, int64_t row, int64_t col) {
  Correlation g;
  g.source_height = s.out_height;
  g.source_width = s.out_width;
  g.source_channels = s.out_channels;
  g.target_height = s.in_height;
  g.target_width = s.in_width;
  g.target_channels = s.in_channels;
  g.groups = s.groups;
  g.height = (s.in_height - row + s.stride.h - 1) / s.stride.h;
  g.width = (s.in_width - col + s.stride.w - 1) / s.stride.w;
  g.place = {row, col};
  g.place_step = s.stride;
  for (int64_t ky = s.kernel.h - 1; ky >= 0; --ky) {
    const int64_t from_row = row + s.pad.h - ky * s.dilation.h;
    if (positive_remainder(from_row, s.stride.h) != 0) continue;
    for (int64_t kx = s.kernel.w - 1; kx >= 0; --kx) {
      const int64_t from_col = col + s.pad.w - kx * s.dilation.w;
      if (positive_remainder(from_col, s.stride.w) != 0) continue;
      g.taps.push_back({from_row / s.stride.h, from_col / s.stride.w, ky * s.kernel.w + kx});
    }
  }
  return g;
}

}  // namespace

Correlation forward_correlation(const ConvShape& s) {
  Correlation g;
  g.source_height = s.in_height;
  g.source_width = s.in_width;
  g.source_channels = s.in_channels;
  g.target_height = g.height = s.out_height;
  g.target_width = g.width = s.out_width;
  g.target_channels = s.out_channels;
  g.groups = s.groups;
  g.step = s.stride;
  for (int64_t ky = 0; ky < s.kernel.h; ++ky) {
    for (int64_t kx = 0; kx < s.kernel.w; ++kx) {
      g.taps.push_back(
          {ky * s.dilation.h - s.pad.h, kx * s.dilation.w - s.pad.w, ky * s.kernel.w + kx});
    }
  }
  return g;
}

std::vector<Correlation> backward_correlations(const ConvShape& s) {
  std::vector<Correlation> grids;
  int64_t taps = 0;
  for (int64_t row = 0; row < std::min(s.stride.h, s.in_height); ++row) {
    for (int64_t col = 0; col < std::min(s.stride.w, s.in_width); ++col) {
      Correlation grid = backward_grid(s, row, col);
      if (grid.taps.empty()) continue;
      grid.first_tap = taps;
      taps += grid.tap_count();
      grids.push_back(std::move(grid));
    }
  }
  return grids;
}

bool cover_pixels(const std::vector<Correlation>& grids, int64_t count) {
  int64_t pixels = 0;
  for (const Correlation& grid : grids) pixels += grid.pixels();
  return pixels == count;
}

void transpose_weights(const ConvShape& s, const std::vector<Correlation>& grids, const float* w,
                       float* out) {
  const int64_t in = s.group_in(), group_out = s.group_out();
  for (const Correlation& grid : grids) {
    const int64_t units = grid.tap_count() * s.groups;
    parallel_for(units, grain_for(units, in * group_out), [&](int64_t begin, int64_t end) {
      for (int64_t unit = begin; unit < end; ++unit) {
        const int64_t t = unit / s.groups, group = unit % s.groups;
        const int64_t tap = grid.taps[static_cast<size_t>(t)].index;
        const float* from = w + tap * in * s.out_channels + group * group_out;
        float* to = out + (group * s.taps() + grid.first_tap + t) * group_out * in;
        for (int64_t o = 0; o < group_out; ++o) {
          for (int64_t i = 0; i < in; ++i) to[o * in + i] = from[i * s.out_channels + o];
        }
      }
    });
  }
}

}  // namespace cnn

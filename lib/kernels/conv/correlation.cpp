#include "kernels/conv/correlation.h"

#include <algorithm>
#include <utility>

#include "base/parallel.h"

namespace cnn {
namespace {

int64_t positive_remainder(int64_t n, int64_t divisor) { return (n % divisor + divisor) % divisor; }

// Backward the output is the source.
Correlation between(const ConvShape& s, bool backward) {
  Correlation g;
  g.source = backward ? s.out : s.in;
  g.target = backward ? s.in : s.out;
  g.source_channels = backward ? s.out_channels : s.in_channels;
  g.target_channels = backward ? s.in_channels : s.out_channels;
  g.groups = s.groups;
  g.is_volume = !s.is_picture();
  return g;
}

// The grid of the pixels of dx at `place` modulo the stride.
Correlation backward_grid(const ConvShape& s, const Extents& place) {
  Correlation g = between(s, true);
  const auto count = [](int64_t size, int64_t first, int64_t stride) {
    return (size - first + stride - 1) / stride;
  };
  g.size = {count(s.in.d, place.d, s.stride.d), count(s.in.h, place.h, s.stride.h),
            count(s.in.w, place.w, s.stride.w)};
  g.place = place;
  g.place_step = s.stride;
  for (int64_t kz = s.kernel.d - 1; kz >= 0; --kz) {
    const int64_t from_slice = place.d + s.pad.d - kz * s.dilation.d;
    if (positive_remainder(from_slice, s.stride.d) != 0) continue;
    for (int64_t ky = s.kernel.h - 1; ky >= 0; --ky) {
      const int64_t from_row = place.h + s.pad.h - ky * s.dilation.h;
      if (positive_remainder(from_row, s.stride.h) != 0) continue;
      for (int64_t kx = s.kernel.w - 1; kx >= 0; --kx) {
        const int64_t from_col = place.w + s.pad.w - kx * s.dilation.w;
        if (positive_remainder(from_col, s.stride.w) != 0) continue;
        g.taps.push_back({from_slice / s.stride.d, from_row / s.stride.h, from_col / s.stride.w,
                          (kz * s.kernel.h + ky) * s.kernel.w + kx});
      }
    }
  }
  return g;
}

}  // namespace

Correlation forward_correlation(const ConvShape& s) {
  Correlation g = between(s, false);
  g.size = s.out;
  g.step = s.stride;
  int64_t index = 0;
  for (int64_t kz = 0; kz < s.kernel.d; ++kz) {
    for (int64_t ky = 0; ky < s.kernel.h; ++ky) {
      for (int64_t kx = 0; kx < s.kernel.w; ++kx) {
        g.taps.push_back({kz * s.dilation.d - s.pad.d, ky * s.dilation.h - s.pad.h,
                          kx * s.dilation.w - s.pad.w, index++});
      }
    }
  }
  return g;
}

std::vector<Correlation> backward_correlations(const ConvShape& s) {
  std::vector<Correlation> grids;
  int64_t taps = 0;
  const auto steps = [](int64_t stride, int64_t size) { return std::min(stride, size); };
  for (int64_t slice = 0; slice < steps(s.stride.d, s.in.d); ++slice) {
    for (int64_t row = 0; row < steps(s.stride.h, s.in.h); ++row) {
      for (int64_t col = 0; col < steps(s.stride.w, s.in.w); ++col) {
        Correlation grid = backward_grid(s, {slice, row, col});
        if (grid.taps.empty()) continue;
        grid.first_tap = taps;
        taps += grid.tap_count();
        grids.push_back(std::move(grid));
      }
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

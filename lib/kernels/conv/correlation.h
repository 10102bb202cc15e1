// Correlation: the one form that a convolution's forward and its gradient to the data share. Every
// pixel of a grid gathers taps from a source image:
//
//   target[n, place(a, b), o] = sum over taps t, channels c of
//       source[n, a*step.h + t.row, b*step.w + t.col, c] * W[t, c, o]     (zeros outside the image)
//
// In volumes there is an axis of slices before that of rows; a picture is one slice.
//
// Forward is one such grid. Backward with stride s is s.d * s.h * s.w grids: pixels of dx that
// stand the same way to the stride see the same taps of dy, at distance 1, so that no zeros are
// multiplied.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/conv/conv.h"

namespace cnn {

struct Tap {
  int64_t slice = 0, row = 0, col = 0;  // of the source, relative to the pixel's own position
  int64_t index = 0;                    // (kz * kernel.h + ky) * kernel.w + kx
};

struct Correlation {
  Extents source = Extents::all(1), target = Extents::all(1);
  int64_t source_channels = 1, target_channels = 1;
  int64_t groups = 1;
  bool is_volume = false;          // else all slices are 0
  Extents size = Extents::all(1);  // of the grid
  Extents step = Extents::all(1);
  std::vector<Tap> taps;  // ascending by slice, row, column
  int64_t first_tap = 0;  // taps of the grids before this one (position of its packed weights)
  // Grid pixel (a, b) is target pixel (place.h + a*place_step.h, place.w + b*place_step.w).
  Extents place = Extents::all(0);
  Extents place_step = Extents::all(1);

  int64_t pixels() const { return size.count(); }
  int64_t group_source() const { return source_channels / groups; }
  int64_t group_target() const { return target_channels / groups; }
  int64_t source_count() const { return source.count() * source_channels; }
  int64_t target_count() const { return target.count() * target_channels; }
  int64_t tap_count() const { return static_cast<int64_t>(taps.size()); }
  // Numbers that one target pixel gathers per group.
  int64_t gathered() const { return tap_count() * group_source(); }
  // Grid pixels in order are target pixels in order.
  bool is_dense() const { return place_step == Extents::all(1); }
  float* target_pixel(float* to, int64_t n, int64_t a, int64_t b, int64_t slice = 0) const {
    const int64_t row = place.h + a * place_step.h, col = place.w + b * place_step.w;
    const int64_t line = (place.d + slice * place_step.d) * target.h + row;
    return to + n * target_count() + (line * target.w + col) * target_channels;
  }
};

Correlation forward_correlation(const ConvShape& shape);

// Grids that together cover every pixel of dx that has a gradient, each once.
std::vector<Correlation> backward_correlations(const ConvShape& shape);
// False if some of the `count` pixels are in no grid (the stride steps over them): their gradient
// is zero.
bool cover_pixels(const std::vector<Correlation>& grids, int64_t count);

// Weights as the backward grids read them: for each group, for each tap in the order of the grids,
// [group_out, group_in]: w[kz, ky, kx, i, o] transposed. weight_count() floats.
void transpose_weights(const ConvShape& shape, const std::vector<Correlation>& grids,
                       const float* w, float* out);

}  // namespace cnn

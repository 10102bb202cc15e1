// Convolution and its gradients as the textbook has them, in double. Values are in the order of
// files: x and y [batch,C,D,H,W], w [out, C/groups, kd, kh, kw].
#pragma once

#include <vector>

#include "kernels/conv/conv.h"

namespace cnn::reference {

// Calls visit(x index, w index, y index) for every product of a convolution.
template <class Visit>
void for_each_product(const ConvShape& s, int64_t batch, Visit visit) {
  const auto inside = [](int64_t i, int64_t size) { return i >= 0 && i < size; };
  for (int64_t image = 0; image < batch * s.out_channels; ++image) {
    const int64_t n = image / s.out_channels, o = image % s.out_channels;
    for (int64_t y = 0; y < s.out.count(); ++y) {
      const Extents at{y / (s.out.h * s.out.w), y / s.out.w % s.out.h, y % s.out.w};
      for (int64_t i = 0; i < s.group_in(); ++i) {
        const int64_t channel = o / s.group_out() * s.group_in() + i;
        for (int64_t tap = 0; tap < s.taps(); ++tap) {
          const int64_t z =
              at.d * s.stride.d - s.pad.d + tap / (s.kernel.h * s.kernel.w) * s.dilation.d;
          const int64_t row =
              at.h * s.stride.h - s.pad.h + tap / s.kernel.w % s.kernel.h * s.dilation.h;
          const int64_t col = at.w * s.stride.w - s.pad.w + tap % s.kernel.w * s.dilation.w;
          if (!inside(z, s.in.d) || !inside(row, s.in.h) || !inside(col, s.in.w)) continue;
          const int64_t line = ((n * s.in_channels + channel) * s.in.d + z) * s.in.h + row;
          visit(line * s.in.w + col, (o * s.group_in() + i) * s.taps() + tap,
                image * s.out.count() + y);
        }
      }
    }
  }
}

// `bias` may be empty.
inline std::vector<double> conv(const ConvShape& s, int64_t batch, const std::vector<double>& x,
                                const std::vector<double>& w, const std::vector<double>& bias) {
  std::vector<double> y(static_cast<size_t>(batch * s.out_count()), 0.0);
  for (size_t i = 0; i < y.size() && !bias.empty(); ++i) {
    y[i] = bias[i / static_cast<size_t>(s.out_pixels()) % bias.size()];
  }
  for_each_product(s, batch, [&](size_t xi, size_t wi, size_t yi) { y[yi] += x[xi] * w[wi]; });
  return y;
}

inline std::vector<double> conv_backward_data(const ConvShape& s, int64_t batch,
                                              const std::vector<double>& dy,
                                              const std::vector<double>& w) {
  std::vector<double> dx(static_cast<size_t>(batch * s.in_count()), 0.0);
  for_each_product(s, batch, [&](size_t xi, size_t wi, size_t yi) { dx[xi] += dy[yi] * w[wi]; });
  return dx;
}

inline std::vector<double> conv_backward_weights(const ConvShape& s, int64_t batch,
                                                 const std::vector<double>& x,
                                                 const std::vector<double>& dy) {
  std::vector<double> dw(static_cast<size_t>(s.weight_count()), 0.0);
  for_each_product(s, batch, [&](size_t xi, size_t wi, size_t yi) { dw[wi] += x[xi] * dy[yi]; });
  return dw;
}

}  // namespace cnn::reference

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
  std::vector<Extents> taps;  // where each lies, from the window's first one
  for (int64_t z = 0; z < s.kernel.d; ++z) {
    for (int64_t y = 0; y < s.kernel.h; ++y) {
      for (int64_t x = 0; x < s.kernel.w; ++x) {
        taps.push_back({z * s.dilation.d, y * s.dilation.h, x * s.dilation.w});
      }
    }
  }
  for (int64_t image = 0; image < batch * s.out_channels; ++image) {
    const int64_t n = image / s.out_channels, o = image % s.out_channels;
    for (int64_t y = 0; y < s.out.count(); ++y) {
      const Extents at{y / (s.out.h * s.out.w), y / s.out.w % s.out.h, y % s.out.w};
      const Extents first{at.d * s.stride.d - s.pad.d, at.h * s.stride.h - s.pad.h,
                          at.w * s.stride.w - s.pad.w};
      for (int64_t i = 0; i < s.group_in(); ++i) {
        const int64_t channel = n * s.in_channels + o / s.group_out() * s.group_in() + i;
        int64_t w = (o * s.group_in() + i) * s.taps();
        for (const Extents& tap : taps) {
          const int64_t z = first.d + tap.d, row = first.h + tap.h, col = first.w + tap.w;
          if (inside(z, s.in.d) && inside(row, s.in.h) && inside(col, s.in.w)) {
            visit(((channel * s.in.d + z) * s.in.h + row) * s.in.w + col, w,
                  image * s.out.count() + y);
          }
          ++w;
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

// Convolution and its gradients as the textbook has them, in double. Values are in the order of
// files: x and y [batch,C,H,W], w [out, C/groups, kh, kw].
#pragma once

#include <vector>

#include "kernels/conv/conv.h"

namespace cnn::reference {

// Calls visit(x index, w index, y index) for every product of a convolution.
template <class Visit>
void for_each_product(const ConvShape& s, int64_t batch, Visit visit) {
  for (int64_t n = 0; n < batch; ++n) {
    for (int64_t o = 0; o < s.out_channels; ++o) {
      for (int64_t a = 0; a < s.out_height; ++a) {
        for (int64_t b = 0; b < s.out_width; ++b) {
          const int64_t y = ((n * s.out_channels + o) * s.out_height + a) * s.out_width + b;
          for (int64_t i = 0; i < s.group_in(); ++i) {
            const int64_t channel = o / s.group_out() * s.group_in() + i;
            for (int64_t ky = 0; ky < s.kernel.h; ++ky) {
              for (int64_t kx = 0; kx < s.kernel.w; ++kx) {
                const int64_t row = a * s.stride.h - s.pad.h + ky * s.dilation.h;
                const int64_t col = b * s.stride.w - s.pad.w + kx * s.dilation.w;
                if (row < 0 || row >= s.in_height || col < 0 || col >= s.in_width) continue;
                visit(((n * s.in_channels + channel) * s.in_height + row) * s.in_width + col,
                      ((o * s.group_in() + i) * s.kernel.h + ky) * s.kernel.w + kx, y);
              }
            }
          }
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

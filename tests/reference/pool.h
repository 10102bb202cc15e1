// Pooling as the textbook has it, in double, [batch,C,D,H,W].
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/pool.h"

namespace cnn::reference {

// Input slices, rows or columns [begin, end) of window `i`, clipped to the image.
struct Span {
  int64_t start, begin, end;
  Span(int64_t i, int64_t size, int64_t kernel, int64_t stride, int64_t pad)
      : start(i * stride - pad),
        begin(std::max<int64_t>(0, start)),
        end(std::min(size, start + kernel)) {}
};

struct PoolBox {
  Span slices, rows, cols;
};

// Calls visit(output index, index of the image in the batch and its channels, box of its window).
template <class Visit>
void for_each_window(const PoolShape& s, int64_t batch, Visit visit) {
  size_t out = 0;
  for (int64_t image = 0; image < batch * s.channels; ++image) {
    for (int64_t z = 0; z < s.out.d; ++z) {
      for (int64_t a = 0; a < s.out.h; ++a) {
        for (int64_t b = 0; b < s.out.w; ++b) {
          visit(out++, image,
                PoolBox{Span(z, s.in.d, s.kernel.d, s.stride.d, s.pad.d),
                        Span(a, s.in.h, s.kernel.h, s.stride.h, s.pad.h),
                        Span(b, s.in.w, s.kernel.w, s.stride.w, s.pad.w)});
        }
      }
    }
  }
}

// Calls visit(index of the pixel) for all of a box.
template <class Visit>
void for_each_pixel(const PoolShape& s, int64_t image, const PoolBox& box, Visit visit) {
  for (int64_t z = box.slices.begin; z < box.slices.end; ++z) {
    for (int64_t y = box.rows.begin; y < box.rows.end; ++y) {
      for (int64_t x = box.cols.begin; x < box.cols.end; ++x) {
        visit(static_cast<size_t>(((image * s.in.d + z) * s.in.h + y) * s.in.w + x));
      }
    }
  }
}

// The index of every maximum; the first of equal ones.
inline std::vector<size_t> max_pool_indices(const PoolShape& s, int64_t batch,
                                            const std::vector<double>& x) {
  std::vector<size_t> found;
  for_each_window(s, batch, [&](size_t, int64_t image, const PoolBox& box) {
    double best = -std::numeric_limits<double>::infinity();
    size_t place = x.size();
    for_each_pixel(s, image, box, [&](size_t at) {
      if (place == x.size() || x[at] > best || std::isnan(x[at])) {
        best = x[at];
        place = at;
      }
    });
    found.push_back(place);
  });
  return found;
}

inline std::vector<double> max_pool(const PoolShape& s, int64_t batch,
                                    const std::vector<double>& x) {
  std::vector<double> y;
  for (const size_t place : max_pool_indices(s, batch, x)) y.push_back(x[place]);
  return y;
}

inline std::vector<double> max_pool_backward(const PoolShape& s, int64_t batch,
                                             const std::vector<double>& x,
                                             const std::vector<double>& dy) {
  std::vector<double> dx(x.size(), 0.0);
  const std::vector<size_t> places = max_pool_indices(s, batch, x);
  for (size_t i = 0; i < places.size(); ++i) dx[places[i]] += dy[i];
  return dx;
}

// Pixels that count in a window.
inline double pool_count(const AveragePoolShape& s, const PoolBox& box) {
  const auto along = [&](const Span& span, int64_t size, int64_t kernel, int64_t pad_end) {
    return s.count_pad ? std::min(span.start + kernel, size + pad_end) - span.start
                       : span.end - span.begin;
  };
  return static_cast<double>(along(box.slices, s.in.d, s.kernel.d, s.pad_end.d) *
                             along(box.rows, s.in.h, s.kernel.h, s.pad_end.h) *
                             along(box.cols, s.in.w, s.kernel.w, s.pad_end.w));
}

inline std::vector<double> average_pool(const AveragePoolShape& s, int64_t batch,
                                        const std::vector<double>& x) {
  std::vector<double> y;
  for_each_window(s, batch, [&](size_t, int64_t image, const PoolBox& box) {
    double sum = 0;
    for_each_pixel(s, image, box, [&](size_t at) { sum += x[at]; });
    y.push_back(sum / pool_count(s, box));
  });
  return y;
}

inline std::vector<double> average_pool_backward(const AveragePoolShape& s, int64_t batch,
                                                 const std::vector<double>& dy) {
  std::vector<double> dx(static_cast<size_t>(batch * s.channels * s.in.count()), 0.0);
  for_each_window(s, batch, [&](size_t out, int64_t image, const PoolBox& box) {
    for_each_pixel(s, image, box, [&](size_t at) { dx[at] += dy[out] / pool_count(s, box); });
  });
  return dx;
}

}  // namespace cnn::reference

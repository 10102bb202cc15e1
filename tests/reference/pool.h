// Pooling as the textbook has it, in double, [batch,C,H,W].
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/pool.h"

namespace cnn::reference {

// Input rows or columns [begin, end) of window `i`, clipped to the image.
struct Span {
  int64_t start, begin, end;
  Span(int64_t i, int64_t size, int64_t kernel, int64_t stride, int64_t pad)
      : start(i * stride - pad),
        begin(std::max<int64_t>(0, start)),
        end(std::min(size, start + kernel)) {}
};

// Calls visit(output index, index of the image in the batch and its channels, rows, columns).
template <class Visit>
void for_each_window(const PoolShape& s, int64_t batch, Visit visit) {
  size_t out = 0;
  for (int64_t image = 0; image < batch * s.channels; ++image) {
    for (int64_t a = 0; a < s.out_height; ++a) {
      for (int64_t b = 0; b < s.out_width; ++b) {
        visit(out++, image, Span(a, s.in_height, s.kernel.h, s.stride.h, s.pad.h),
              Span(b, s.in_width, s.kernel.w, s.stride.w, s.pad.w));
      }
    }
  }
}

// The index of every maximum; the first of equal ones.
inline std::vector<size_t> max_pool_indices(const PoolShape& s, int64_t batch,
                                            const std::vector<double>& x) {
  std::vector<size_t> found;
  for_each_window(s, batch, [&](size_t, int64_t image, Span rows, Span cols) {
    double best = -std::numeric_limits<double>::infinity();
    auto place = static_cast<size_t>((image * s.in_height + rows.begin) * s.in_width + cols.begin);
    for (int64_t y = rows.begin; y < rows.end; ++y) {
      for (int64_t c = cols.begin; c < cols.end; ++c) {
        const auto at = static_cast<size_t>((image * s.in_height + y) * s.in_width + c);
        if (x[at] > best || std::isnan(x[at])) {
          best = x[at];
          place = at;
        }
      }
    }
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
inline double pool_count(const AveragePoolShape& s, const Span& rows, const Span& cols) {
  if (!s.count_pad) return static_cast<double>((rows.end - rows.begin) * (cols.end - cols.begin));
  const int64_t bottom = std::min(rows.start + s.kernel.h, s.in_height + s.pad_end.h);
  const int64_t right = std::min(cols.start + s.kernel.w, s.in_width + s.pad_end.w);
  return static_cast<double>((bottom - rows.start) * (right - cols.start));
}

inline std::vector<double> average_pool(const AveragePoolShape& s, int64_t batch,
                                        const std::vector<double>& x) {
  std::vector<double> y;
  for_each_window(s, batch, [&](size_t, int64_t image, Span rows, Span cols) {
    double sum = 0;
    for (int64_t r = rows.begin; r < rows.end; ++r) {
      for (int64_t c = cols.begin; c < cols.end; ++c) {
        sum += x[static_cast<size_t>((image * s.in_height + r) * s.in_width + c)];
      }
    }
    y.push_back(sum / pool_count(s, rows, cols));
  });
  return y;
}

inline std::vector<double> average_pool_backward(const AveragePoolShape& s, int64_t batch,
                                                 const std::vector<double>& dy) {
  std::vector<double> dx(static_cast<size_t>(batch * s.channels * s.in_height * s.in_width), 0.0);
  for_each_window(s, batch, [&](size_t out, int64_t image, Span rows, Span cols) {
    for (int64_t r = rows.begin; r < rows.end; ++r) {
      for (int64_t c = cols.begin; c < cols.end; ++c) {
        dx[static_cast<size_t>((image * s.in_height + r) * s.in_width + c)] +=
            dy[out] / pool_count(s, rows, cols);
      }
    }
  });
  return dx;
}

}  // namespace cnn::reference

// Images made of weighted pixels of another image, as the definitions have it, in double. Values
// are in the order of files: [batch,C,H,W].
#pragma once

#include <cmath>
#include <functional>
#include <utility>
#include <vector>

#include "tensor/shape.h"

namespace cnn::reference {

// The input indices of an output index, with their weights.
using Taps = std::vector<std::pair<int64_t, double>>;
using TapsOf = std::function<Taps(int64_t)>;

inline std::vector<double> resample(const Shape& in, const Shape& out, int64_t batch,
                                    const std::vector<double>& x, const TapsOf& rows,
                                    const TapsOf& columns) {
  std::vector<Taps> row_taps, column_taps;
  for (int64_t a = 0; a < out.height(); ++a) row_taps.push_back(rows(a));
  for (int64_t b = 0; b < out.width(); ++b) column_taps.push_back(columns(b));
  std::vector<double> y;
  for (int64_t plane = 0; plane < batch * in.channels(); ++plane) {
    for (const Taps& of_row : row_taps) {
      for (const Taps& of_column : column_taps) {
        double sum = 0;
        for (const auto& [row, row_weight] : of_row) {
          for (const auto& [column, column_weight] : of_column) {
            const int64_t i = (plane * in.height() + row) * in.width() + column;
            sum += row_weight * column_weight * x[static_cast<size_t>(i)];
          }
        }
        y.push_back(sum);
      }
    }
  }
  return y;
}

// Output i is input i - before, 0 outside.
inline TapsOf shifted(int64_t in, int64_t before) {
  return [=](int64_t i) {
    const int64_t from = i - before;
    return from < 0 || from >= in ? Taps{} : Taps{{from, 1.0}};
  };
}

}  // namespace cnn::reference

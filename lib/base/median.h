// Median of measured numbers: what a few outliers do not move.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace cnn {

// Of an even count the mean of the two in the middle; 0 of none. Reorders `values`.
inline double median(std::vector<double>& values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*std::max_element(values.begin(), middle) + *middle) / 2;
}

}  // namespace cnn

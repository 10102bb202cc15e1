// Numbers that check_layer draws, and how it speaks of them.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "base/rng.h"
#include "support/layer_harness.h"

namespace cnn {

// Distinct numbers in (-2, 2), none near 0: a maximum has no ties and a rectifier no kink within
// reach of a finite difference.
inline Numbers distinct_numbers(size_t count, uint64_t stream) {
  const Rng rng(1, "numbers", stream);
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), size_t{0});
  for (size_t i = count; i > 1; --i) std::swap(order[i - 1], order[rng.below(i, i)]);
  Numbers numbers(count);
  for (size_t i = 0; i < count; ++i) {
    const double place = (static_cast<double>(order[i]) + 0.25) / static_cast<double>(count);
    numbers[i] = static_cast<float>(4 * place - 2);  // the layer sees the same number
  }
  return numbers;
}

inline Numbers class_numbers(size_t count, int64_t classes, uint64_t stream) {
  const Rng rng(2, "classes", stream);
  Numbers numbers(count);
  for (size_t i = 0; i < count; ++i) {
    numbers[i] = static_cast<double>(rng.below(i, static_cast<uint64_t>(classes)));
  }
  return numbers;
}

// "sample 1 [0,3,2]".
inline std::string coordinates(size_t i, const Shape& shape) {
  auto rest = static_cast<int64_t>(i);
  std::string text = "]";
  for (int axis = shape.rank(); axis-- > 0; rest /= shape[axis]) {
    text = (axis > 0 ? "," : "") + std::to_string(rest % shape[axis]) + text;
  }
  return fmt::format("sample {} [{}", rest, text);
}

template <class Values>
double largest(const Values& values) {
  double most = 1e-3;
  for (const auto x : values) most = std::max(most, std::abs(static_cast<double>(x)));
  return most;
}

}  // namespace cnn

// Random numbers, odd shapes and comparisons for the tests of kernels.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string_view>
#include <vector>

#include "base/rng.h"
#include "support/threads.h"
#include "tensor/tensor.h"

namespace cnn {

using Floats = std::vector<float>;
using Doubles = std::vector<double>;

inline constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

inline Floats random_floats(int64_t count, std::string_view name) {
  const Rng rng(1, name);
  Floats values(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i) values[i] = 2 * rng.uniform(i) - 1;
  return values;
}

inline Floats poisoned(int64_t count) { return Floats(static_cast<size_t>(count), kNan); }

inline Doubles doubles(const Floats& values) { return {values.begin(), values.end()}; }

// Channels-last samples of [C,H,W] as doubles in the order of files.
inline Doubles as_in_files(const Floats& values, const Shape& shape) {
  Floats out(values.size());
  to_channels_first(values.data(), out.data(), static_cast<int64_t>(values.size()) / shape.count(),
                    shape);
  return doubles(out);
}

// The largest error relative to the largest number; NaN and size differences count as infinite.
inline double relative_error(const Doubles& found, const Doubles& expected) {
  if (found.size() != expected.size()) return INFINITY;
  double largest = 1e-3, error = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    if (!(std::abs(found[i] - expected[i]) < INFINITY)) return INFINITY;
    largest = std::max(largest, std::abs(expected[i]));
    error = std::max(error, std::abs(found[i] - expected[i]));
  }
  return error / largest;
}

inline bool same_bits(const Floats& a, const Floats& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace cnn

// A fully connected layer in double: y[n, o] = bias[o] + sum over i of x[n, i] * w[o, i].
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cnn::reference {

// `bias` may be empty.
inline std::vector<double> linear(int64_t rows, int64_t in, int64_t out,
                                  const std::vector<double>& x, const std::vector<double>& w,
                                  const std::vector<double>& bias) {
  std::vector<double> y;
  for (int64_t n = 0; n < rows; ++n) {
    for (int64_t o = 0; o < out; ++o) {
      double sum = bias.empty() ? 0 : bias[static_cast<size_t>(o)];
      for (int64_t i = 0; i < in; ++i) {
        sum += x[static_cast<size_t>(n * in + i)] * w[static_cast<size_t>(o * in + i)];
      }
      y.push_back(sum);
    }
  }
  return y;
}

}  // namespace cnn::reference

// Attention in double, over one sample: what the tests of attention and multihead_attention share.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "support/layer_harness.h"

namespace cnn::reference {

// Items of a list, [width] each.
struct NumberRows {
  const double* first = nullptr;
  size_t width = 0;
  const double* row(size_t i) const { return first + i * width; }
};

// The weights of a query, from its scores; `seen` of them count.
inline Numbers softmax_of(const Numbers& scores, size_t seen) {
  Numbers weights(scores.size(), 0.0);
  double largest = -INFINITY, sum = 0;
  for (size_t j = 0; j < seen; ++j) largest = std::max(largest, scores[j]);
  for (size_t j = 0; j < seen; ++j) sum += weights[j] = std::exp(scores[j] - largest);
  for (size_t j = 0; j < seen; ++j) weights[j] /= sum;
  return weights;
}

// W x, W [out, width of x].
inline Numbers times(const double* weight, size_t out, const double* x, size_t width,
                     const double* bias = nullptr) {
  Numbers y;
  for (size_t o = 0; o < out; ++o) {
    double sum = bias != nullptr ? bias[o] : 0;
    for (size_t i = 0; i < width; ++i) sum += weight[o * width + i] * x[i];
    y.push_back(sum);
  }
  return y;
}

inline double dot(const double* a, const double* b, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace cnn::reference

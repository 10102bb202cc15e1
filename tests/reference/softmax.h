// Naive log-softmax over the channels of one position.
#pragma once

#include <algorithm>
#include <cmath>

#include "reference/index.h"
#include "support/layer_harness.h"

namespace cnn::reference {

inline Numbers log_softmax(const Numbers& values, const Shape& shape, int64_t n, int64_t p) {
  Numbers row;
  for (int64_t c = 0; c < shape.channels(); ++c) row.push_back(values[file_index(shape, n, c, p)]);
  const double largest = *std::max_element(row.begin(), row.end());
  double sum = 0;
  for (const double x : row) sum += std::exp(x - largest);
  for (double& x : row) x -= largest + std::log(sum);
  return row;
}

}  // namespace cnn::reference

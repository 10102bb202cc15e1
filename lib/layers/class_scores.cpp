#include "layers/class_scores.h"

#include <algorithm>
#include <cmath>

#include "kernels/vector_math.h"

namespace cnn {

double log_sum_exp(const float* scores, int64_t classes) {
  constexpr int64_t kBlock = 512;  // as many as floats add up without losing digits
  const float largest = row_max(scores, classes);
  double sum = 0;
  for (int64_t first = 0; first < classes; first += kBlock) {
    const float* block = scores + first;
    const auto exponential = [=](int64_t c) { return fast_exp(block[c] - largest); };
    sum += static_cast<double>(row_sum(std::min(kBlock, classes - first), exponential));
  }
  return static_cast<double>(largest) + std::log(sum);
}

int64_t rank_of(const float* scores, int64_t classes, int64_t own) {
  const float score = scores[own];
  int32_t before = 0;
  for (int64_t c = 0; c < own; ++c) before += scores[c] >= score ? 1 : 0;
  for (int64_t c = own + 1; c < classes; ++c) before += scores[c] > score ? 1 : 0;
  return before;
}

}  // namespace cnn

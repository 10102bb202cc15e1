// Epilogue: what follows the sums of a convolution or of a matrix product while they are at hand:
//
//   y = rectified(sum + bias[channel] + residual)
//
// A vectorised kernel applies `Finish` to its registers (kernels/finish.h); one whose sums BLAS
// writes calls start_rows() before the product, which then adds to what it finds, and
// rectify_rows() behind it.
#pragma once

#include <cstdint>
#include <limits>

namespace cnn {

// y = x <= 0 ? slope * x : min(x, cap), where slope 0 gives 0 for every x. NaN stays NaN.
struct Rectifier {
  float slope = 1;
  float cap = std::numeric_limits<float>::infinity();

  static constexpr Rectifier relu(float cap = std::numeric_limits<float>::infinity()) {
    return {0, cap};
  }
  bool operator==(const Rectifier&) const = default;
  bool is_identity() const { return *this == Rectifier{}; }
};

struct Epilogue {
  const float* bias = nullptr;  // by channel
  // Laid out as the result. It may be the result's own memory: every number of it is read before
  // the result takes its place.
  const float* residual = nullptr;
  Rectifier rectifier;

  // Of the results from `offset` on, whose channels are those from `channel` on.
  Epilogue from(int64_t offset, int64_t channel) const {
    return {bias ? bias + channel : nullptr, residual ? residual + offset : nullptr, rectifier};
  }
};

// y = bias + residual for `rows` rows of `columns` numbers, `stride` apart (the residual's too);
// nothing if there is neither. True if the product must add to y, false if it overwrites it.
bool start_rows(const Epilogue& epilogue, int64_t rows, int64_t columns, int64_t stride, float* y);
void rectify_rows(const Rectifier& rectifier, int64_t rows, int64_t columns, int64_t stride,
                  float* y);

// g = the gradient of x where y = rectified(x), in place, over `count` numbers on all threads.
void rectify_gradient(const Rectifier& rectifier, const float* y, int64_t count, float* g);

}  // namespace cnn

// Epilogue: what follows the sums of a convolution or of a matrix product while they are at hand:
//
//   y = rectified(sum + bias[channel] + residual)
//
// A vectorised kernel applies `Finish` to its registers; one whose sums BLAS writes calls
// start_rows() before the product, which then adds to what it finds, and rectify_rows() behind it.
#pragma once

#include <cstdint>
#include <limits>

#include "kernels/simd.h"

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

// The rectifier over vectors. Its one branch, for plain relu, is the same for all of them.
template <class V>
class Rectify {
 public:
  explicit Rectify(const Rectifier& r)
      : is_relu_(r == Rectifier::relu()),
        slope_(broadcast<V>(r.slope)),
        cap_(broadcast<V>(r.cap)),
        // Where nothing is cut off, no y may compare as beyond: not even infinity.
        top_(broadcast<V>(r.cap < kInfinity ? r.cap : std::numeric_limits<float>::quiet_NaN())),
        leaks_(Integers{} - (r.slope != 0 ? 1 : 0)) {}

  V operator()(V x) const {
    if (is_relu_) return x <= V{} ? V{} : x;
    const V below = V(Integers(slope_ * x) & leaks_);
    const V above = x > cap_ ? cap_ : x;
    return x <= V{} ? below : above;
  }

  // The gradient of x, given that of y = rectified(x): g where 0 < y < cap, slope * g below.
  V gradient(V g, V y) const {
    if (is_relu_) return y <= V{} ? V{} : g;
    const V below = V(Integers(slope_ * g) & leaks_);
    const V above = y >= top_ ? V{} : g;
    return y <= V{} ? below : above;
  }

 private:
  using Integers = typename Lanes<V, true>::Integers;
  static constexpr float kInfinity = std::numeric_limits<float>::infinity();

  bool is_relu_;
  V slope_, cap_, top_;
  Integers leaks_;  // all bits set, or none
};

// What is added and applied to a vector of sums (kWhole: of all its lanes, else of the first n).
// `offset` and `channel` are places in the result and among the biases.
template <class V>
class Finish {
 public:
  explicit Finish(const Epilogue& epilogue) : e_(epilogue), rectify_(epilogue.rectifier) {}

  template <bool kWhole>
  V start(int64_t channel, int64_t n) const {
    return e_.bias ? load_lanes<V, kWhole>(e_.bias + channel, n) : V{};
  }
  // Of sums that began with start().
  template <bool kWhole>
  V finish(V sum, int64_t offset, int64_t n) const {
    if (e_.residual) sum += load_lanes<V, kWhole>(e_.residual + offset, n);
    return rectify_(sum);
  }

 private:
  Epilogue e_;
  Rectify<V> rectify_;
};

// y = bias + residual for `rows` rows of `columns` numbers, `stride` apart (the residual's too);
// nothing if there is neither. True if the product must add to y, false if it overwrites it.
bool start_rows(const Epilogue& epilogue, int64_t rows, int64_t columns, int64_t stride, float* y);
void rectify_rows(const Rectifier& rectifier, int64_t rows, int64_t columns, int64_t stride,
                  float* y);

// g = the gradient of x where y = rectified(x), in place, over `count` numbers on all threads.
void rectify_gradient(const Rectifier& rectifier, const float* y, int64_t count, float* g);

}  // namespace cnn

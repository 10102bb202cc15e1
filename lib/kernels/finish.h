// Finish: an epilogue over vectors of sums, for kernels that hold these in registers. A header of
// its own, because those of the instruction sets, which it needs, are long.
#pragma once

#include <cstdint>
#include <limits>

#include "kernels/epilogue.h"
#include "kernels/simd.h"

namespace cnn {

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

}  // namespace cnn

// huber: squared error for small errors, absolute error for large ones. With d = x - t:
//   d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2); the slope is d, cut at +-delta.
// Huber 1964, "Robust estimation of a location parameter".
#include <algorithm>
#include <cmath>

#include "layers/layer_type.h"
#include "layers/loss/value_loss.h"

namespace cnn {
namespace {

class Huber final : public ValueLoss<Huber> {
 public:
  float cost(float x, float t) const {
    const float d = std::fabs(x - t);
    return d <= delta_ ? 0.5f * d * d : delta_ * (d - 0.5f * delta_);
  }
  float slope(float x, float t) const { return detail::clamped(x - t, -delta_, delta_); }
  float target_slope(float x, float t) const { return slope(t, x); }

 protected:
  void own_options(Options& o) override {
    o("delta", delta_, "error from which on the loss grows in a straight line")
        .between(1e-6, 1e6)
        .aliases({"beta"});
  }

 private:
  float delta_ = 1;
};

}  // namespace

extern const LayerType huber_layer = {
    .name = "huber",
    .role = LayerType::Role::kLoss,
    .inputs = LayerType::Inputs::kNames,
    .summary = "squared error that grows in a straight line beyond delta",
    .example = "loss: {huber: recon, target: image, delta: 0.5}",
    .details =
        "With d = x - t: d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2), as PyTorch's "
        "HuberLoss; with delta 1 it is its SmoothL1Loss too. Any shape; the target has the same.\n"
        "Huber 1964, \"Robust estimation of a location parameter\".",
    .other_names = {"HuberLoss", "SmoothL1Loss", "smooth_l1"},
    .make = make_layer<Huber>,
};

}  // namespace cnn

// l1: absolute error, |x - t| for every number; its slope at 0 is 0.
#include <cmath>

#include "layers/layer_type.h"
#include "layers/loss/value_loss.h"

namespace cnn {
namespace {

class L1 final : public ValueLoss<L1> {
 public:
  float cost(float x, float t) const { return std::fabs(x - t); }
  float slope(float x, float t) const {
    return static_cast<float>(x > t) - static_cast<float>(x < t);
  }
  float target_slope(float x, float t) const { return slope(t, x); }
};

}  // namespace

extern const LayerType l1_layer = {
    .name = "l1",
    .role = LayerType::Role::kLoss,
    .inputs = LayerType::Inputs::kNames,
    .summary = "mean absolute error",
    .example = "loss: {l1: recon, target: image}",
    .details =
        "|x - t|, for any shape; the target has the same shape. Less moved by outliers than mse. "
        "`mean` averages over all numbers, `sum` adds within a sample and averages over the batch. "
        "The penalty on a code is `activity_l1`.",
    .other_names = {"L1Loss", "mae", "l1_loss", "mean_absolute_error"},
    .make = make_layer<L1>,
};

}  // namespace cnn

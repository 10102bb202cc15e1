// mse: mean squared error, (x - t)^2 for every number.
#include "layers/layer_type.h"
#include "layers/loss/value_loss.h"

namespace cnn {
namespace {

class Mse final : public ValueLoss<Mse> {
 public:
  float cost(float x, float t) const { return (x - t) * (x - t); }
  float slope(float x, float t) const { return 2.0f * (x - t); }
  float target_slope(float x, float t) const { return 2.0f * (t - x); }
};

}  // namespace

extern const LayerType mse_layer = {
    .name = "mse",
    .role = LayerType::Role::kLoss,
    .inputs = LayerType::Inputs::kNames,
    .summary = "mean squared error",
    .example = "loss: {mse: recon, target: image}",
    .details =
        "(x - t)^2, for any shape; the target has the same shape. `mean` averages over all "
        "numbers, `sum` adds within a sample and averages over the batch.",
    .other_names = {"MSELoss", "l2", "l2_loss", "EuclideanLoss", "mean_squared_error"},
    .make = make_layer<Mse>,
};

}  // namespace cnn

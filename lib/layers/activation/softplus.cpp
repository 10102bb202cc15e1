// softplus: y = log(1 + exp(x)). Any shape. dy/dx = sigmoid(x) = 1 - exp(-y).
#include "kernels/vector_math.h"
#include "layers/elementwise.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

class Softplus final : public Layer {
 public:
  void setup(Setup& setup) override { set_up_activation(setup); }

  void forward(const ForwardCall& call) const override {
    forward_activation(call, 6, [](float x) { return fast_softplus(x); });
  }

  void backward(const BackwardCall& call) const override {
    backward_activation(call, 4, [](float g, float y) { return g * -fast_expm1(-y); });
  }
};

}  // namespace

extern const LayerType softplus_layer = {
    .name = "softplus",
    .role = LayerType::Role::kActivation,
    .summary = "smooth rectifier",
    .example = "- softplus\n- {linear: 20, act: softplus}",
    .details =
        "y = log(1 + exp(x)), any shape: always positive.\n"
        "Dugas et al. 2000, \"Incorporating second-order functional knowledge for better option "
        "pricing\".",
    .other_names = {"Softplus", "SoftPlus", "soft_plus"},
    .make = make_layer<Softplus>,
};

}  // namespace cnn

// softsign: y = x / (1 + |x|). Any shape. dy/dx = (1 - |y|)^2.
#include "kernels/vector_math.h"
#include "layers/elementwise.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

class Softsign final : public Layer {
 public:
  void setup(Setup& setup) override { set_up_activation(setup); }

  void forward(const ForwardCall& call) const override {
    forward_activation(call, 1, [](float x) { return x / (1.0f + std::fabs(x)); });
  }

  void backward(const BackwardCall& call) const override {
    backward_activation(call, 1, [](float g, float y) {
      const float rest = 1.0f - std::fabs(y);
      return g * (rest * rest);
    });
  }
};

}  // namespace

extern const LayerType softsign_layer = {
    .name = "softsign",
    .role = LayerType::Role::kActivation,
    .summary = "like tanh, but slower towards -1 and 1",
    .example = "- softsign\n- {linear: 64, act: softsign}",
    .details =
        "y = x / (1 + |x|), any shape.\n"
        "Bergstra et al. 2009, \"Quadratic polynomials learn better image features\".",
    .other_names = {"Softsign", "SoftSign", "soft_sign"},
    .make = make_layer<Softsign>,
};

}  // namespace cnn

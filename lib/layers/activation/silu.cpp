// silu: y = x sigmoid(x). Any shape. With s = sigmoid(x), dy/dx = s (1 + x (1 - s)).
#include "kernels/vector_math.h"
#include "layers/elementwise.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

class Silu final : public Layer {
 public:
  void setup(Setup& setup) override { set_up_activation_of_input(setup); }

  void forward(const ForwardCall& call) const override {
    forward_activation(call, 4, [](float x) { return x * fast_sigmoid(x); });
  }

  void backward(const BackwardCall& call) const override {
    backward_activation_of_input(call, 4, [](float g, float x) {
      const float s = fast_sigmoid(x);
      return g * (s * (1.0f + x * (1.0f - s)));
    });
  }
};

}  // namespace

extern const LayerType silu_layer = {
    .name = "silu",
    .role = LayerType::Role::kActivation,
    .summary = "x sigmoid(x), also called swish",
    .example = "- silu\n- {conv: 32, kernel: 3, act: silu}",
    .details =
        "y = x / (1 + exp(-x)), any shape.\n"
        "Elfwing, Uchibe & Doya 2017, \"Sigmoid-weighted linear units for neural network function "
        "approximation in reinforcement learning\"; Ramachandran, Zoph & Le 2017, \"Searching for "
        "activation functions\" (swish).",
    .other_names = {"SiLU", "Swish", "swish"},
    .make = make_layer<Silu>,
};

}  // namespace cnn

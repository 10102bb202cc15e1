// tanh: y = tanh(x). Any shape. dy/dx = 1 - y^2.
#include "layers/catalog.h"
#include "layers/elementwise.h"
#include "layers/vector_math.h"

namespace cnn {
namespace {

class Tanh final : public Layer {
 public:
  void setup(Setup& setup) override { set_up_activation(setup); }

  void forward(const ForwardCall& call) const override {
    forward_activation(call, 4, [](float x) { return fast_tanh(x); });
  }

  void backward(const BackwardCall& call) const override {
    backward_activation(call, 1, [](float g, float y) { return g * ((1.0f - y) * (1.0f + y)); });
  }
};

}  // namespace

const LayerType tanh_layer = {
    .name = "tanh",
    .role = LayerType::Role::kActivation,
    .summary = "hyperbolic tangent, between -1 and 1",
    .example = "- tanh\n- {conv: 6, kernel: 5, act: tanh}",
    .details = "y = tanh(x); any shape.",
    .other_names = {"Tanh", "TanH"},
    .make = make_layer<Tanh>,
};

}  // namespace cnn

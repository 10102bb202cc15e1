// relu: y = max(x, 0); NaN stays NaN. Any shape.
//
// Backward keeps the gradient where y > 0; for other rules of the pass see rectifier.h.
#include "layers/layer_type.h"
#include "layers/rectifier.h"

namespace cnn {
namespace {

// Comparisons with NaN are false, so this order lets it pass.
float rectify(float x) { return x <= 0.0f ? 0.0f : x; }

class Relu final : public Layer {
 public:
  void setup(Setup& setup) override { set_up_activation(setup); }
  Tail tail() const override { return {Tail::Kind::kRectify, Rectifier::relu()}; }

  void forward(const ForwardCall& call) const override {
    forward_activation(call, 1, [](float x) { return rectify(x); });
  }

  void backward(const BackwardCall& call) const override {
    if (call.pass.rule != Pass::Rule::kGradient) {
      return backward_by_rule(call, call.out.data, [](float y) { return !(y <= 0.0f); });
    }
    backward_activation(call, 1, [](float g, float y) { return y <= 0.0f ? 0.0f : g; });
  }
};

}  // namespace

extern const LayerType relu_layer = {
    .name = "relu",
    .role = LayerType::Role::kActivation,
    .summary = "rectified linear unit",
    .example = "- relu\n- {conv: 16, kernel: 3, act: relu}",
    .details =
        "y = max(x, 0), any shape.\n"
        "Nair & Hinton 2010, \"Rectified linear units improve restricted Boltzmann "
        "machines\".",
    .other_names = {"ReLU", "rectifier"},
    .make = make_layer<Relu>,
};

}  // namespace cnn

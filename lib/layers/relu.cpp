// relu: y = max(x, 0); NaN stays NaN. Any shape.
//
// Backward keeps the gradient where y > 0. For pictures of features, `Pass::rule` changes it:
// deconvnet keeps positive gradients wherever they are (Zeiler & Fergus 2013, "Visualizing and
// understanding convolutional networks"), guided keeps positive gradients where y > 0
// (Springenberg et al. 2014, "Striving for simplicity").
#include "layers/catalog.h"
#include "layers/elementwise.h"

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
    switch (call.pass.rule) {
      case Pass::Rule::kGradient:
        return backward_activation(call, 1, [](float g, float y) { return y <= 0.0f ? 0.0f : g; });
      case Pass::Rule::kGuided:
        return backward_activation(call, 1,
                                   [](float g, float y) { return y <= 0.0f ? 0.0f : rectify(g); });
      case Pass::Rule::kDeconvnet:
        return backward_activation(call, 1, [](float g, float) { return rectify(g); });
    }
  }
};

}  // namespace

const LayerType relu_layer = {
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

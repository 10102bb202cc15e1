// leaky_relu: y = x for x > 0, else slope * x. Any shape. By other rules of the pass than the
// gradient's (rectifier.h) what is negative passes nothing back.
#include "layers/layer_type.h"
#include "layers/rectifier.h"

namespace cnn {
namespace {

class LeakyRelu final : public Layer {
 public:
  void options(Options& o) override {
    // A negative slope would hide the sign of x, which backward reads off y.
    o("slope", slope_, "factor of negative inputs")
        .primary()
        .at_least(0)
        .aliases({"negative_slope", "alpha"});
  }

  void setup(Setup& setup) override { set_up_activation(setup); }
  Tail tail() const override { return {Tail::Kind::kRectify, {slope_}}; }

  // The product is taken for every element: a branch would keep the loop from vectorising.
  void forward(const ForwardCall& call) const override {
    forward_activation(call, 1, [slope = slope_](float x) {
      const float below = slope * x;
      return x <= 0.0f ? below : x;
    });
  }

  void backward(const BackwardCall& call) const override {
    if (call.pass.rule != Pass::Rule::kGradient) {
      return backward_by_rule(call, call.out.data, [](float y) { return !(y <= 0.0f); });
    }
    backward_activation(call, 1, [slope = slope_](float g, float y) {
      const float below = slope * g;
      return y <= 0.0f ? below : g;
    });
  }

 private:
  float slope_ = 0.01f;
};

}  // namespace

extern const LayerType leaky_relu_layer = {
    .name = "leaky_relu",
    .role = LayerType::Role::kActivation,
    .summary = "rectifier that lets a little of negative values pass",
    .example = "- leaky_relu\n- {leaky_relu: 0.1}\n- {conv: 16, kernel: 3, act: {leaky_relu: 0.1}}",
    .details =
        "y = x for x > 0, else slope * x; any shape.\n"
        "Maas et al. 2013, \"Rectifier nonlinearities improve neural network acoustic "
        "models\".",
    .other_names = {"LeakyReLU", "leaky", "lrelu"},
    .make = make_layer<LeakyRelu>,
};

}  // namespace cnn

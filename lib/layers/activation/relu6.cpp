// relu6: y = min(max(x, 0), 6); NaN stays NaN. Any shape.
//
// Backward keeps the gradient where 0 < y < 6; for other rules of the pass see rectifier.h.
#include "kernels/vector_math.h"
#include "layers/layer_type.h"
#include "layers/rectifier.h"

namespace cnn {
namespace {

class Relu6 final : public Layer {
 public:
  void setup(Setup& setup) override { set_up_activation(setup); }
  Tail tail() const override { return {Tail::Kind::kRectify, Rectifier::relu(6)}; }

  void forward(const ForwardCall& call) const override {
    forward_activation(call, 1, [](float x) { return detail::clamped(x, 0.0f, 6.0f); });
  }

  void backward(const BackwardCall& call) const override {
    if (call.pass.rule != Pass::Rule::kGradient) {
      return backward_by_rule(call, call.out.data, [](float y) { return passes(y); });
    }
    backward_activation(call, 1, [](float g, float y) { return passes(y) ? g : 0.0f; });
  }

 private:
  static bool passes(float y) { return !(y <= 0.0f) && !(y >= 6.0f); }
};

}  // namespace

extern const LayerType relu6_layer = {
    .name = "relu6",
    .role = LayerType::Role::kActivation,
    .summary = "rectified linear unit that ends at 6",
    .example = "- relu6\n- {conv: 32, kernel: 3, act: relu6}",
    .details =
        "y = min(max(x, 0), 6), any shape.\n"
        "Krizhevsky 2010, \"Convolutional deep belief networks on CIFAR-10\".",
    .other_names = {"ReLU6", "relu_6"},
    .make = make_layer<Relu6>,
};

}  // namespace cnn

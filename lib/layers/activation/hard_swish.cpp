// hard_swish: y = x min(max(x + 3, 0), 6) / 6. Any shape.
//   dy/dx = 0 for x <= -3, 1 for x >= 3, else (2 x + 3) / 6
#include "kernels/vector_math.h"
#include "layers/elementwise.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

class HardSwish final : public Layer {
 public:
  void setup(Setup& setup) override { set_up_activation_of_input(setup); }

  void forward(const ForwardCall& call) const override {
    forward_activation(
        call, 1, [](float x) { return x * detail::clamped(x * (1.0f / 6) + 0.5f, 0.0f, 1.0f); });
  }

  void backward(const BackwardCall& call) const override {
    backward_activation_of_input(call, 1, [](float g, float x) {
      const float inside = x * (1.0f / 3) + 0.5f;
      const float slope = x <= -3.0f ? 0.0f : inside;
      return g * (x >= 3.0f ? 1.0f : slope);
    });
  }
};

}  // namespace

extern const LayerType hard_swish_layer = {
    .name = "hard_swish",
    .role = LayerType::Role::kActivation,
    .summary = "silu made of straight pieces and a parabola",
    .example = "- hard_swish\n- {conv: 16, kernel: 3, act: hard_swish}",
    .details =
        "y = x min(max(x + 3, 0), 6) / 6, any shape.\n"
        "Howard et al. 2019, \"Searching for MobileNetV3\".",
    .other_names = {"Hardswish", "HardSwish", "hardswish", "h_swish"},
    .make = make_layer<HardSwish>,
};

}  // namespace cnn

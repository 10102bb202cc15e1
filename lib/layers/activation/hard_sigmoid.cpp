// hard_sigmoid: y = min(max(x + 3, 0), 6) / 6. Any shape. dy/dx = 1/6 where 0 < y < 1.
#include "kernels/vector_math.h"
#include "layers/elementwise.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

class HardSigmoid final : public Layer {
 public:
  void setup(Setup& setup) override { set_up_activation(setup); }

  void forward(const ForwardCall& call) const override {
    forward_activation(call, 1,
                       [](float x) { return detail::clamped(x * (1.0f / 6) + 0.5f, 0.0f, 1.0f); });
  }

  void backward(const BackwardCall& call) const override {
    backward_activation(
        call, 1, [](float g, float y) { return y <= 0.0f || y >= 1.0f ? 0.0f : g * (1.0f / 6); });
  }
};

}  // namespace

extern const LayerType hard_sigmoid_layer = {
    .name = "hard_sigmoid",
    .role = LayerType::Role::kActivation,
    .makes = Link::kSigmoid,
    .summary = "sigmoid made of three straight pieces",
    .example = "- hard_sigmoid\n- {linear: 64, act: hard_sigmoid}",
    .details =
        "y = min(max(x + 3, 0), 6) / 6, any shape, as in PyTorch.\n"
        "Howard et al. 2019, \"Searching for MobileNetV3\".",
    .other_names = {"Hardsigmoid", "HardSigmoid", "hardsigmoid"},
    .make = make_layer<HardSigmoid>,
};

}  // namespace cnn

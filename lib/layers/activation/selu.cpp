// selu: y = l x for x > 0, else l a (exp(x) - 1), with the l and a that keep mean 0 and variance 1
// from layer to layer. Any shape. For x <= 0 the derivative l a exp(x) is y + l a.
#include "kernels/vector_math.h"
#include "layers/elementwise.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

constexpr float kAbove = 1.05070098735548049342f;
constexpr float kBelow = kAbove * 1.67326324235437728481f;

class Selu final : public Layer {
 public:
  void setup(Setup& setup) override { set_up_activation(setup); }

  void forward(const ForwardCall& call) const override {
    forward_activation(call, 4, [](float x) {
      const float below = kBelow * fast_expm1(x);
      return x <= 0.0f ? below : kAbove * x;
    });
  }

  void backward(const BackwardCall& call) const override {
    backward_activation(call, 1,
                        [](float g, float y) { return y <= 0.0f ? (y + kBelow) * g : kAbove * g; });
  }
};

}  // namespace

extern const LayerType selu_layer = {
    .name = "selu",
    .role = LayerType::Role::kActivation,
    .summary = "self-normalising exponential linear unit",
    .example = "- selu\n- {linear: 256, act: selu}",
    .details =
        "y = l x for x > 0, else l a (exp(x) - 1), with l = 1.0507 and a = 1.67326; any shape.\n"
        "Klambauer et al. 2017, \"Self-normalizing neural networks\".",
    .other_names = {"SELU"},
    .make = make_layer<Selu>,
};

}  // namespace cnn

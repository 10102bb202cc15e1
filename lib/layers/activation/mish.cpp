// mish: y = x tanh(log(1 + exp(x))). Any shape.
//
// With e = exp(x) and n = e (e + 2) the tanh is t = n / (n + 2), and
//   dy/dx = t + x sigmoid(x) (1 - t^2),  1 - t^2 = 4 (n + 1) / (n + 2)^2
// Beyond x = 20 t is 1 to the last bit; the exponent ends there, so that n stays finite.
#include "kernels/vector_math.h"
#include "layers/elementwise.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

constexpr float kMost = 20;

// tanh(log(1 + exp(x))) for x <= kMost.
inline float gate(float x) {
  const float e = fast_exp(x), n = e * (e + 2.0f);
  return n / (n + 2.0f);
}

class Mish final : public Layer {
 public:
  void setup(Setup& setup) override { set_up_activation_of_input(setup); }

  void forward(const ForwardCall& call) const override {
    forward_activation(call, 6,
                       [](float x) { return x * gate(detail::clamped(x, -100.0f, kMost)); });
  }

  void backward(const BackwardCall& call) const override {
    backward_activation_of_input(call, 8, [](float g, float x) {
      const float z = detail::clamped(x, -100.0f, kMost);
      const float e = fast_exp(z), n = e * (e + 2.0f), m = 1.0f / (n + 2.0f);
      return g * (n * m + z * (e / (1.0f + e)) * (4.0f * (n + 1.0f) * m * m));
    });
  }
};

}  // namespace

extern const LayerType mish_layer = {
    .name = "mish",
    .role = LayerType::Role::kActivation,
    .summary = "smooth rectifier with a dip below 0",
    .example = "- mish\n- {conv: 32, kernel: 3, act: mish}",
    .details =
        "y = x tanh(log(1 + exp(x))), any shape.\n"
        "Misra 2019, \"Mish: a self regularized non-monotonic activation function\".",
    .other_names = {"Mish"},
    .make = make_layer<Mish>,
};

}  // namespace cnn

// elu: y = x for x > 0, else alpha * (exp(x) - 1). Any shape.
//
// Backward needs y alone: for x <= 0 the derivative alpha * exp(x) is y + alpha.
#include "kernels/vector_math.h"
#include "layers/elementwise.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

class Elu final : public Layer {
 public:
  void options(Options& o) override {
    o("alpha", alpha_, "what large negative inputs approach is -alpha").primary().at_least(0);
  }

  void setup(Setup& setup) override { set_up_activation(setup); }

  // The lower branch is computed for every element: a jump would keep the loop from vectorising.
  void forward(const ForwardCall& call) const override {
    forward_activation(call, kCost, [alpha = alpha_](float x) {
      const float below = alpha * fast_expm1(x);
      return x <= 0.0f ? below : x;
    });
  }

  void backward(const BackwardCall& call) const override {
    backward_activation(
        call, 1, [alpha = alpha_](float g, float y) { return y <= 0.0f ? (y + alpha) * g : g; });
  }

 private:
  static constexpr int64_t kCost = 4;
  float alpha_ = 1;
};

}  // namespace

extern const LayerType elu_layer = {
    .name = "elu",
    .role = LayerType::Role::kActivation,
    .summary = "exponential linear unit",
    .example = "- elu\n- {elu: 0.5}",
    .details =
        "y = x for x > 0, else alpha * (exp(x) - 1); any shape.\n"
        "Clevert et al. 2015, \"Fast and accurate deep network learning by exponential "
        "linear units\".",
    .other_names = {"ELU"},
    .make = make_layer<Elu>,
};

}  // namespace cnn

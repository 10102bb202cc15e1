// hard_tanh: y = min(max(x, low), high). Any shape. dy/dx = 1 where low < y < high.
#include "kernels/vector_math.h"
#include "layers/elementwise.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

class HardTanh final : public Layer {
 public:
  void options(Options& o) override {
    o("low", low_, "smallest output").aliases({"min_val", "min"});
    o("high", high_, "largest output").aliases({"max_val", "max"});
  }

  void setup(Setup& setup) override {
    setup.require(low_ < high_, "hard_tanh: low {} must be below high {}", low_, high_);
    set_up_activation(setup);
  }

  void forward(const ForwardCall& call) const override {
    forward_activation(
        call, 1, [low = low_, high = high_](float x) { return detail::clamped(x, low, high); });
  }

  void backward(const BackwardCall& call) const override {
    backward_activation(call, 1, [low = low_, high = high_](float g, float y) {
      return y <= low || y >= high ? 0.0f : g;
    });
  }

 private:
  float low_ = -1, high_ = 1;
};

}  // namespace

extern const LayerType hard_tanh_layer = {
    .name = "hard_tanh",
    .role = LayerType::Role::kActivation,
    .summary = "tanh made of three straight pieces",
    .example = "- hard_tanh\n- {hard_tanh, low: 0, high: 1}",
    .details =
        "y = min(max(x, low), high), any shape.\n"
        "Collobert 2004, \"Large scale machine learning\".",
    .other_names = {"Hardtanh", "HardTanh", "hardtanh", "clip", "clamp"},
    .make = make_layer<HardTanh>,
};

}  // namespace cnn

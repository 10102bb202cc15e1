// sigmoid: y = 1 / (1 + exp(-x)). Any shape. dy/dx = y (1 - y).
#include "kernels/vector_math.h"
#include "layers/elementwise.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

class Sigmoid final : public Layer {
 public:
  void setup(Setup& setup) override { set_up_activation(setup); }

  void forward(const ForwardCall& call) const override {
    forward_activation(call, 4, [](float x) { return fast_sigmoid(x); });
  }

  void backward(const BackwardCall& call) const override {
    backward_activation(call, 1, [](float g, float y) { return g * y * (1.0f - y); });
  }
};

}  // namespace

extern const LayerType sigmoid_layer = {
    .name = "sigmoid",
    .role = LayerType::Role::kActivation,
    .makes = Link::kSigmoid,
    .summary = "logistic function, between 0 and 1",
    .example = "- sigmoid\n- {linear: 1, act: sigmoid}",
    .details = "y = 1 / (1 + exp(-x)); any shape.",
    .other_names = {"Sigmoid"},
    .make = make_layer<Sigmoid>,
};

}  // namespace cnn

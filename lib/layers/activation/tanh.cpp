// tanh: y = scale tanh(slope x). Any shape. dy/dx = slope / scale (scale - y) (scale + y).
#include "kernels/vector_math.h"
#include "layers/elementwise.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

class Tanh final : public Layer {
 public:
  void options(Options& o) override {
    o("scale", scale_, "the output lies between -scale and scale").aliases({"amplitude"});
    o("slope", slope_, "factor of the input");
  }

  void setup(Setup& setup) override {
    setup.require(scale_ > 0, "tanh: scale must be above 0, found {}", scale_);
    set_up_activation(setup);
  }

  void forward(const ForwardCall& call) const override {
    forward_activation(call, 4, [scale = scale_, slope = slope_](float x) {
      return scale * fast_tanh(slope * x);
    });
  }

  void backward(const BackwardCall& call) const override {
    backward_activation(call, 1, [scale = scale_, factor = slope_ / scale_](float g, float y) {
      return g * (factor * ((scale - y) * (scale + y)));
    });
  }

 private:
  float scale_ = 1, slope_ = 1;
};

}  // namespace

extern const LayerType tanh_layer = {
    .name = "tanh",
    .role = LayerType::Role::kActivation,
    .summary = "hyperbolic tangent, between -1 and 1",
    .example =
        "- tanh\n"
        "- {conv: 6, kernel: 5, act: tanh}\n"
        "- {tanh, scale: 1.7159, slope: 0.66666667}   # LeNet-5's",
    .details =
        "y = scale tanh(slope x); any shape.\n"
        "With scale 1.7159 and slope 2/3 it is the squashing function of LeNet-5: f(1) = 1, f(-1) "
        "= -1, and it bends most there (LeCun et al. 1998, \"Gradient-based learning applied to "
        "document recognition\", appendix A).",
    .other_names = {"Tanh", "TanH", "scaled_tanh"},
    .make = make_layer<Tanh>,
};

}  // namespace cnn

// maxpool: the largest value of every window, channel by channel. [C,H,W] -> [C,H',W'], or with a
// depth before.
#include <optional>

#include "kernels/pool.h"
#include "layers/image/pool_layer.h"
#include "layers/image/window.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

class MaxPool final : public Layer {
 public:
  void options(Options& o) override { options_.declare(o); }

  void setup(Setup& s) override {
    shape_ = options_.set_up(s, "maxpool");
    places_ = s.saved(Per::kSample, max_pool_places(shape_));
    s.plan().backward_reads_input = false;
    s.plan().backward_reads_output = false;
  }

  std::string size_arithmetic(std::span<const Form> inputs, const LayerPlan& plan) const override {
    return window_arithmetic(inputs[0].shape, plan.window, plan.output());
  }

  void forward(const ForwardCall& call) const override {
    const bool remember = call.lends || call.pass.gradients != Pass::Gradients::kNone;
    max_pool(shape_, call.batch, call.input().data, call.out.data,
             remember ? call.scratch(places_) : nullptr);
  }

  void backward(const BackwardCall& call) const override {
    if (!call.grad_input()) return;
    max_pool_backward(shape_, call.batch, call.grad_out.data, call.scratch(places_), call.adds(),
                      call.grad_input().data);
  }

 private:
  PoolOptions options_;
  PoolShape shape_;
  int places_ = -1;
};

}  // namespace

extern const LayerType maxpool_layer = {
    .name = "maxpool",
    .family = LayerType::Family::kPooling,
    .shows_field = true,
    .has_switches = true,
    .summary = "largest value of every window",
    .example =
        "- {maxpool: 2}\n- {maxpool: 3, stride: 2, pad: 1}\n"
        "- {maxpool: 3, stride: 2, ceil: true}\n"
        "- {maxpool: [1, 2, 2]}          # of a volume [C,D,H,W]",
    .details =
        "y[c,a,b] = max over ky,kx of x[c, a*stride - pad + ky, b*stride - pad + kx]; padding "
        "never wins, a NaN in the window gives NaN, and the gradient goes to the first of equal "
        "values.\n"
        "[C,H,W] -> [C,H',W'] with H' = (H + 2*pad - kernel) / stride + 1, rounded down; with "
        "`ceil` rounded up, but the last window must start inside the image or the padding before "
        "it.\n"
        "Volumes: [C,D,H,W] -> [C,D',H',W'], the same along three axes; a list of numbers is then "
        "[d, h, w].",
    .other_names = {"max_pool", "MaxPool2d", "max_pooling", "maxpool2d", "MaxPool3d", "pool"},
    .make = make_layer<MaxPool>,
};

}  // namespace cnn

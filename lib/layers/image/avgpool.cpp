// avgpool: the mean of every window, channel by channel. [C,H,W] -> [C,H',W'], or with a depth
// before.
#include "kernels/pool.h"
#include "layers/image/pool_layer.h"
#include "layers/image/window.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

class AveragePool final : public Layer {
 public:
  void options(Options& o) override {
    options_.declare(o);
    o("count_pad", count_pad_, "padding counts as zeros; false: only real pixels count")
        .aliases({"count_include_pad", "include_pad"});
  }

  void setup(Setup& s) override {
    static_cast<PoolShape&>(shape_) = options_.set_up(s, "avgpool");
    shape_.pad_end = shape_.pad;
    shape_.count_pad = count_pad_;
    s.plan().backward_reads_input = false;
    s.plan().backward_reads_output = false;
  }

  std::string size_arithmetic(std::span<const Form> inputs, const LayerPlan& plan) const override {
    return window_arithmetic(inputs[0].shape, plan.window, plan.output());
  }

  void forward(const ForwardCall& call) const override {
    average_pool(shape_, call.batch, call.input().data, call.out.data);
  }

  void backward(const BackwardCall& call) const override {
    if (!call.grad_input()) return;
    average_pool_backward(shape_, call.batch, call.grad_out.data, call.adds(),
                          call.grad_input().data);
  }

 private:
  PoolOptions options_;
  bool count_pad_ = true;
  AveragePoolShape shape_;
};

}  // namespace

extern const LayerType avgpool_layer = {
    .name = "avgpool",
    .family = LayerType::Family::kPooling,
    .shows_field = true,
    .summary = "mean of every window",
    .example = "- {avgpool: 2}\n- {avgpool: 3, stride: 1, pad: 1, count_pad: false}",
    .details =
        "y[c,a,b] = mean over ky,kx of x[c, a*stride - pad + ky, b*stride - pad + kx]; padding "
        "counts as zeros unless `count_pad: false`.\n"
        "[C,H,W] -> [C,H',W'] with H' = (H + 2*pad - kernel) / stride + 1, rounded down; with "
        "`ceil` rounded up, but the last window must start inside the image or the padding before "
        "it, and what hangs over the padding never counts.\n"
        "Volumes: [C,D,H,W] -> [C,D',H',W'], the same along three axes; a list of numbers is then "
        "[d, h, w].",
    .other_names = {"avg_pool", "AvgPool2d", "AvgPool3d", "average_pool", "mean_pool",
                    "average_pooling"},
    .make = make_layer<AveragePool>,
};

}  // namespace cnn

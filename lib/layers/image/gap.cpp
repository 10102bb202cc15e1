// gap: global average pooling, y[c] = mean over all positions of x[c, ...]. Lin et al. 2013,
// "Network in network".
#include "kernels/pool.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

class GlobalAveragePool final : public Layer {
 public:
  void setup(Setup& s) override {
    const Shape& in = s.input();
    s.require(in.rank() >= 2,
              "gap expects an image [C,H,W], a volume [C,D,H,W] or a sequence [T,F], found {}",
              in.str());
    s.output({in.channels()});
    s.plan().backward_reads_input = false;
    s.plan().backward_reads_output = false;
    s.plan().window.kernel = in.extents();
  }

  std::string size_arithmetic(std::span<const Form> inputs, const LayerPlan& plan) const override {
    const Shape& in = inputs[0].shape;
    if (in.rank() < 3) return "";
    const std::string depth = in.is_volume() ? fmt::format("{}*", in.depth()) : "";
    return fmt::format("{} means of {}{}*{} numbers", plan.output().count(), depth, in.height(),
                       in.width());
  }

  void forward(const ForwardCall& call) const override {
    const ConstView& in = call.input();
    global_average_pool(in.data, call.batch, in.shape.positions(), in.channels(), call.out.data);
  }

  void backward(const BackwardCall& call) const override {
    const View& grad_in = call.grad_input();
    if (!grad_in) return;
    global_average_pool_backward(call.grad_out.data, call.batch, grad_in.shape.positions(),
                                 grad_in.channels(), call.adds(), grad_in.data);
  }
};

}  // namespace

extern const LayerType gap_layer = {
    .name = "gap",
    .family = LayerType::Family::kPooling,
    .summary = "global average pooling: one mean a channel",
    .example = "- gap",
    .details =
        "y[c] = mean over all positions of x[c]. [C,H,W] -> [C]; of a sequence [T,F] -> [F].\n"
        "Lin, Chen & Yan 2013, \"Network in network\".",
    .other_names = {"global_average_pool", "global_avg_pool", "AdaptiveAvgPool2d",
                    "adaptive_avg_pool", "GlobalAveragePooling2D", "avgpool_global"},
    .make = make_layer<GlobalAveragePool>,
};

}  // namespace cnn

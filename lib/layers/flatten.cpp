// flatten: [C,H,W] -> [C*H*W] in the order C,H,W; any shape.
//
// Memory is channels-last, so this moves numbers, unless there is one position or one channel.
#include "layers/catalog.h"
#include "layers/reorder.h"

namespace cnn {
namespace {

class Flatten final : public Layer {
 public:
  void setup(Setup& setup) override {
    const Shape out{setup.input().count()};
    setup.output(out);
    setup.plan().in_place = is_same_order(setup.input(), out);
    setup.plan().backward_reads_input = false;
    setup.plan().backward_reads_output = false;
  }

  void forward(const ForwardCall& call) const override {
    const ConstView& in = call.input();
    reorder(in.data, in.shape, call.out.data, call.out.shape, call.batch, false);
  }

  void backward(const BackwardCall& call) const override {
    const View& grad_in = call.grad_input();
    if (!grad_in) return;
    reorder(call.grad_out.data, call.grad_out.shape, grad_in.data, grad_in.shape, call.batch,
            call.adds());
  }
};

}  // namespace

const LayerType flatten_layer = {
    .name = "flatten",
    .summary = "one long vector of all values of a sample",
    .example = "- flatten\n- {linear: 120, act: relu}",
    .details = "[C,H,W] becomes [C*H*W], in the order C,H,W; [T,F] becomes [T*F].",
    .other_names = {"Flatten", "view"},
    .make = make_layer<Flatten>,
};

}  // namespace cnn

// add: y = x_0 + x_1 + ... of equal shapes; the gradient goes to every input as it is.
#include "layers/catalog.h"
#include "layers/elementwise.h"

namespace cnn {
namespace {

class Add final : public Layer {
 public:
  void setup(Setup& setup) override {
    for (int i = 1; i < setup.inputs(); ++i) {
      setup.require(setup.input(i) == setup.input(), "add {} and {}: shapes differ",
                    setup.describe(0), setup.describe(i));
    }
    setup.output(setup.input());
    setup.plan().in_place = true;
    setup.plan().backward_reads_input = false;
    setup.plan().backward_reads_output = false;
  }

  void forward(const ForwardCall& call) const override {
    const int64_t count = call.out.count();
    float* out = call.out.data;
    map_elements(call.input(0).data, call.input(1).data, out, count, false, 1,
                 [](float a, float b) { return a + b; });
    for (int i = 2; i < static_cast<int>(call.in.size()); ++i) {
      copy_elements(call.input(i).data, out, count, true);
    }
  }

  void backward(const BackwardCall& call) const override {
    for (int i = 0; i < static_cast<int>(call.grad_in.size()); ++i) {
      const View& grad_in = call.grad_input(i);
      if (grad_in) {
        copy_elements(call.grad_out.data, grad_in.data, grad_in.count(), call.adds(i));
      }
    }
  }
};

}  // namespace

const LayerType add_layer = {
    .name = "add",
    .inputs = LayerType::Inputs::kBranches,
    .min_inputs = 2,
    .max_inputs = kAnyNumber,
    .summary = "sum of values of equal shape",
    .example =
        "- {add: [bn2, downsample], act: relu}\n"
        "- {add: [[{conv: 64, kernel: 3, pad: 1}, bn], []]}   # a branch and the identity",
    .details =
        "y = x_0 + x_1 + ...; all shapes must be equal.\n"
        "He et al. 2015, \"Deep residual learning for image recognition\".",
    .other_names = {"Add", "sum", "eltwise", "Eltwise", "shortcut"},
    .make = make_layer<Add>,
};

}  // namespace cnn

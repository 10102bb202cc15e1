// reshape: the same numbers in another shape, in the order C,H,W. Any shapes of equal count.
#include "layers/catalog.h"
#include "layers/reorder.h"

namespace cnn {
namespace {

class Reshape final : public Layer {
 public:
  void options(Options& o) override {
    o("shape", shape_, "the new shape without the batch; one size may be -1: whatever is left")
        .primary()
        .required()
        .aliases({"dims", "target_shape"});
  }

  void setup(Setup& setup) override {
    const Shape out = resolved(setup);
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

 private:
  Shape resolved(const Setup& setup) const {
    const Shape& in = setup.input();
    setup.require(!shape_.empty() && shape_.size() <= kMaxAxes, "reshape: give 1 to {} sizes",
                  kMaxAxes);
    std::vector<int64_t> sizes = shape_;
    int64_t known = 1, *open = nullptr;
    for (int64_t& size : sizes) {
      setup.require(size >= 1 || (size == -1 && open == nullptr),
                    "reshape: sizes must be at least 1, and one of them may be -1");
      if (size == -1) {
        open = &size;
      } else {
        setup.require(known <= in.count() / size, "reshape: {} has fewer numbers than asked for",
                      setup.describe(0));
        known *= size;
      }
    }
    if (open != nullptr) *open = in.count() / known;
    const Shape out(sizes);
    setup.require(out.count() == in.count(), "reshape: {} has {} numbers, {} has {}",
                  setup.describe(0), in.count(), out.str(), out.count());
    return out;
  }

  static constexpr size_t kMaxAxes = 4;
  std::vector<int64_t> shape_;
};

}  // namespace

const LayerType reshape_layer = {
    .name = "reshape",
    .summary = "the same values in another shape",
    .example = "- {reshape: [1, 28, 28]}\n- {reshape: [-1, 7, 7]}",
    .details = "Values keep their order C,H,W; the number of values must stay the same.",
    .other_names = {"Reshape", "unflatten", "Unflatten"},
    .make = make_layer<Reshape>,
};

}  // namespace cnn

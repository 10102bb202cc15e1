// reshape: the same numbers in another shape, in the order C,H,W. Any shapes of equal count.
#include "layers/layer_type.h"
#include "layers/reorder.h"

namespace cnn {
namespace {

class Reshape final : public ReorderLayer {
 public:
  void options(Options& o) override {
    o("shape", shape_, "the new shape without the batch; one size may be -1: whatever is left")
        .primary()
        .required()
        .aliases({"dims", "target_shape"});
  }

 private:
  Shape output_shape(const Setup& setup) const override {
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

extern const LayerType reshape_layer = {
    .name = "reshape",
    .family = LayerType::Family::kShape,
    .summary = "the same values in another shape",
    .example = "- {reshape: [1, 28, 28]}\n- {reshape: [-1, 7, 7]}",
    .details = "Values keep their order C,H,W; the number of values must stay the same.",
    .other_names = {"Reshape", "unflatten", "Unflatten"},
    .make = make_layer<Reshape>,
};

}  // namespace cnn

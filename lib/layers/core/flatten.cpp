// flatten: [C,H,W] -> [C*H*W] in the order C,H,W; any shape.
//
// Memory is channels-last, so this moves numbers, unless there is one position or one channel.
#include "layers/layer_type.h"
#include "layers/reorder.h"

namespace cnn {
namespace {

class Flatten final : public ReorderLayer {
  Shape output_shape(const Setup& setup) const override { return {setup.input().count()}; }
  std::string size_arithmetic(std::span<const Form> inputs, const LayerPlan& plan) const override {
    const Shape& sizes = inputs[0].shape;
    if (sizes.rank() < 2) return "";
    return fmt::format("{} = {}", product_text(sizes), plan.output().count());
  }
};

}  // namespace

extern const LayerType flatten_layer = {
    .name = "flatten",
    .family = LayerType::Family::kShape,
    .summary = "one long vector of all values of a sample",
    .example = "- flatten\n- {linear: 120, act: relu}",
    .details = "[C,H,W] becomes [C*H*W], in the order C,H,W; [T,F] becomes [T*F].",
    .other_names = {"Flatten", "view"},
    .make = make_layer<Flatten>,
};

}  // namespace cnn

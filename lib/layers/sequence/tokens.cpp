// tokens: the positions of a value become the items of a list. In memory, channels last, they are
// already.
#include "layers/elementwise.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

class Tokens final : public Layer {
 public:
  void setup(Setup& s) override {
    const Shape& in = s.input();
    s.require(!s.form().items.is_list, "tokens: {} is a list already", s.describe(0));
    s.require(in.rank() >= 2, "tokens: {} has one position alone", s.describe(0));
    s.output({in.channels()}).items = Items::list(in.positions());
    s.plan().backward_reads_input = false;
    s.plan().backward_reads_output = false;
  }

  std::string size_arithmetic(std::span<const Form> inputs, const LayerPlan&) const override {
    const Shape& in = inputs[0].shape;
    if (in.rank() != 3) return "";
    return fmt::format("{} * {} = {}", in.height(), in.width(), in.positions());
  }

  void forward(const ForwardCall& call) const override {
    copy_elements(call.input().data, call.out.data, call.input().count(), false);
  }

  void backward(const BackwardCall& call) const override {
    const View& gradient = call.grad_input();
    if (!gradient) return;
    copy_elements(call.grad_out.data, gradient.data, gradient.count(), call.adds());
  }
};

}  // namespace

extern const LayerType tokens_layer = {
    .name = "tokens",
    .family = LayerType::Family::kShape,
    .mixes_items = true,
    .summary = "the positions of a picture become the items of a list",
    .example =
        "- {tokens, from: features, name: pixels}   # [C,H,W] becomes H*W items [C]\n"
        "- {attention: [decoder, pixels]}          # who looks where in the picture",
    .details =
        "[C,H,W] becomes a list of H*W items [C], row by row; [C,D,H,W] one of D*H*W; a sequence "
        "[T,F] one of T items [F]. The numbers stay what they are. Transformers call such items "
        "tokens or patches.",
    .other_names = {"patches", "pixels", "to_list"},
    .make = make_layer<Tokens>};

}  // namespace cnn

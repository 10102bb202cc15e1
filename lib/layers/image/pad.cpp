// pad: an image with a border: of zeros, of its mirror image or of its repeated edge.
// [C,H,W] -> [C, H + top + bottom, W + left + right].
#include <algorithm>

#include "layers/image/resample_layer.h"
#include "layers/image/window.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

struct Border {
  int64_t top = 0, bottom = 0, left = 0, right = 0;
};

}  // namespace

CNN_OPTION_TYPE(Border);

std::string OptionType<Border>::name() { return "integer or [h, w] or [top, bottom, left, right]"; }
OptionSchema OptionType<Border>::schema() {
  return OptionSchema::one_of(
      {OptionSchema::integer(), OptionType<std::vector<int64_t>>::schema()});
}

bool OptionType<Border>::read(const Node& node, Border& out, Diagnostics& d) {
  if (!node.is_list()) {
    const std::optional<int64_t> n = node.read_int(d);
    if (n) out = {*n, *n, *n, *n};
    return n.has_value();
  }
  std::vector<int64_t> n;
  if (!OptionType<std::vector<int64_t>>::read(node, n, d)) return false;
  if (n.size() == 2) {
    out = {n[0], n[0], n[1], n[1]};
  } else if (n.size() == 4) {
    out = {n[0], n[1], n[2], n[3]};
  } else {
    d.report(node.mark(), fmt::format("expected {}, found a list of {}", name(), n.size()));
    return false;
  }
  return true;
}

Node OptionType<Border>::write(const Border& b) {
  return OptionType<std::vector<int64_t>>::write({b.top, b.bottom, b.left, b.right});
}

namespace {

enum class Mode { kZero, kReflect, kReplicate };

class Pad final : public ResampleLayer {
 public:
  void options(Options& o) override {
    o("border", border_, "rows and columns to add: on every side, above and beside, or one by one")
        .primary()
        .required()
        .between(0, kMaxStep)
        .aliases({"padding", "pads", "size", "amount"});
    o.choice("mode", mode_,
             {{"zero", Mode::kZero}, {"reflect", Mode::kReflect}, {"replicate", Mode::kReplicate}},
             "what the border consists of: zeros, the image mirrored at its edge, or the edge "
             "repeated")
        .aliases({"padding_mode", "fill", "type"});
  }

  void setup(Setup& s) override {
    const Shape& in = s.input();
    s.require(in.rank() == 3, "pad expects an image [C,H,W], found {}", in.str());
    const Border& b = border_;
    if (mode_ == Mode::kReflect) {
      s.require(std::max(b.top, b.bottom) < in.height() && std::max(b.left, b.right) < in.width(),
                "pad: the mirror image of {} has {} rows and {} columns without the edge itself, "
                "fewer than the border",
                s.describe(0), in.height() - 1, in.width() - 1);
    }
    set_up(s, axis(in.height(), b.top, b.bottom), axis(in.width(), b.left, b.right));
  }

  std::string size_arithmetic(std::span<const Form> inputs, const LayerPlan& plan) const override {
    const Shape &in = inputs[0].shape, &out = plan.output();
    const Border& b = border_;
    const auto along = [](int64_t before, int64_t size, int64_t behind, int64_t sum) {
      return fmt::format("{} + {} + {} = {}", before, size, behind, sum);
    };
    const std::string rows = along(b.top, in.height(), b.bottom, out.height());
    const std::string columns = along(b.left, in.width(), b.right, out.width());
    return rows == columns ? rows : rows + ", " + columns;
  }

 private:
  AxisMap axis(int64_t size, int64_t before, int64_t behind) const {
    const int64_t out = before + size + behind;
    switch (mode_) {
      case Mode::kReflect:
        return AxisMap::mirrored(size, out, before);
      case Mode::kReplicate:
        return AxisMap::repeated(size, out, before);
      case Mode::kZero:
        break;
    }
    return AxisMap::shifted(size, out, before);
  }

  Border border_;
  Mode mode_ = Mode::kZero;
};

}  // namespace

extern const LayerType pad_layer = {
    .name = "pad",
    .family = LayerType::Family::kCut,
    .summary = "a border around an image: zeros, mirrored or repeated",
    .example =
        "- {pad: 1}\n"
        "- {pad: [0, 3], mode: reflect}        # 3 columns left and right\n"
        "- {pad: [0, 1, 0, 1]}                 # one row below, one column to the right",
    .details =
        "[C,H,W] -> [C, H + top + bottom, W + left + right]. `reflect` mirrors at the centre of "
        "the edge pixels (d c b | a b c d | c b a), so a border must be smaller than the image; "
        "`replicate` repeats the edge (a a a | a b c d | d d d). Convolutions and pools pad with "
        "zeros by their own option `pad`.",
    .other_names = {"Pad", "padding", "ZeroPad2d", "ZeroPadding2D", "ReflectionPad2d",
                    "ReplicationPad2d"},
    .make = make_layer<Pad>,
};

}  // namespace cnn

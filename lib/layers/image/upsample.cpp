// upsample: an image at another size, by the nearest pixel or by bilinear interpolation.
#include "layers/image/resample_layer.h"
#include "layers/image/window.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

enum class Mode { kNearest, kBilinear };

class Upsample final : public ResampleLayer {
 public:
  void options(Options& o) override {
    o("scale", scale_, "factor by which height and width grow")
        .primary()
        .between(1, kMaxStep)
        .aliases({"scale_factor", "factor", "stride"});
    o("size", size_, "the new height and width, or the layer whose they shall be")
        .names_layer(size_.layer)
        .at_least(1)
        .aliases({"to", "like", "output_size"});
    o.choice("mode", mode_, {{"nearest", Mode::kNearest}, {"bilinear", Mode::kBilinear}},
             "the value of the nearest pixel, or a mean of the four around")
        .aliases({"interpolation", "method"});
    o("align_corners", align_corners_,
      "of bilinear: let the centres of the corner pixels coincide, not the images' edges");
  }

  void setup(Setup& s) override {
    const Shape& in = s.input();
    s.require(in.rank() == 3, "upsample expects an image [C,H,W], found {}", in.str());
    s.require(scale_.has_value() != size_.is_given(),
              "upsample: give a factor, {{upsample: 2}}, or a size, {{upsample, size: [64, 64]}}");
    s.require(!align_corners_ || mode_ == Mode::kBilinear,
              "upsample: align_corners is for mode: bilinear");
    const Extents size = scale_ ? scaled(s) : size_.resolve(s);
    s.plan().window = window(in, size);
    set_up(s, axis(in.height(), size.h), axis(in.width(), size.w));
  }

  std::string size_arithmetic(std::span<const Form> inputs, const LayerPlan& plan) const override {
    if (!scale_) return "";
    const Shape &in = inputs[0].shape, &out = plan.output();
    const auto along = [](int64_t size, int64_t larger) {
      return fmt::format("{}*{} = {}", larger / size, size, larger);
    };
    const std::string rows = along(in.height(), out.height());
    const std::string columns = along(in.width(), out.width());
    return rows == columns ? rows : rows + ", " + columns;
  }

 private:
  AxisMap axis(int64_t in, int64_t out) const {
    return mode_ == Mode::kNearest ? AxisMap::nearest(in, out)
                                   : AxisMap::linear(in, out, align_corners_);
  }

  Extents scaled(const Setup& s) const {
    const Extents scale = scale_->resolve(s, "scale");
    return Extents::picture(s.input().height() * scale.h, s.input().width() * scale.w);
  }

  // For receptive fields: an output sees one input along an axis, or two.
  Window window(const Shape& in, const Extents& out) const {
    Window w;
    const int64_t seen = mode_ == Mode::kNearest ? 1 : 2;
    w.stride = Extents::picture(std::max<int64_t>(1, out.h / in.height()),
                                std::max<int64_t>(1, out.w / in.width()));
    w.kernel = Extents::picture(seen * w.stride.h, seen * w.stride.w);
    return w;
  }

  std::optional<PictureNumbers> scale_;
  ImageSize size_;
  Mode mode_ = Mode::kNearest;
  bool align_corners_ = false;
};

}  // namespace

extern const LayerType upsample_layer = {
    .name = "upsample",
    .family = LayerType::Family::kUpsampling,
    .summary = "an image at a larger size: nearest pixel or bilinear",
    .example =
        "- {upsample: 2}\n"
        "- {upsample: 2, mode: bilinear}\n"
        "- {upsample, size: [64, 64], mode: bilinear, align_corners: true}\n"
        "- {upsample, size: enc1}             # to the size of layer 'enc1'",
    .details =
        "[C,H,W] -> [C, scale*H, scale*W], or to `size`, which may be smaller too.\n"
        "nearest: y[a,b] = x[floor(a*H/H'), floor(b*W/W')]. bilinear: the weighted mean of the "
        "four pixels around ((a + 1/2)*H/H' - 1/2, ...), or around (a*(H-1)/(H'-1), ...) with "
        "`align_corners`. No parameters; a convolution behind it makes fewer checkerboards than "
        "upconv (Odena et al. 2016, \"Deconvolution and checkerboard artifacts\").",
    .other_names = {"Upsample", "interpolate", "resize", "UpSampling2D", "Resize",
                    "UpsamplingBilinear2d", "UpsamplingNearest2d", "upsampling"},
    .make = make_layer<Upsample>,
};

}  // namespace cnn

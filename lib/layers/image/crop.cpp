// crop: a part of an image: [C,H,W] -> [C,h,w], centred or from given offsets.
#include "layers/image/resample_layer.h"
#include "layers/image/window.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

class Crop final : public ResampleLayer {
 public:
  void options(Options& o) override {
    o("size", size_, "height and width of the part, or the layer whose they shall be")
        .primary()
        .required()
        .names_layer(size_.layer)
        .at_least(1)
        .aliases({"like", "to", "output_size", "crop_size"});
    o("offset", offset_, "first row and column of the part; centred if not given")
        .between(0, kMaxStep)
        .aliases({"offsets", "start", "origin"});
  }

  void setup(Setup& s) override {
    const Shape& in = s.input();
    s.require(in.rank() == 3, "crop expects an image [C,H,W], found {}", in.str());
    const Extents size = size_.resolve(s);
    s.require(size.h <= in.height() && size.w <= in.width(),
              "crop: a part of [{}, {}]{} is larger than {}", size.h, size.w, like(),
              s.describe(0));
    const Extents first = offset_
                              ? offset_->resolve(s, "offset", 0)
                              : Extents(0, (in.height() - size.h) / 2, (in.width() - size.w) / 2);
    s.require(first.h + size.h <= in.height() && first.w + size.w <= in.width(),
              "crop: [{}, {}]{} from [{}, {}] on reaches over the edge of {}", size.h, size.w,
              like(), first.h, first.w, s.describe(0));
    set_up(s, AxisMap::shifted(in.height(), size.h, -first.h),
           AxisMap::shifted(in.width(), size.w, -first.w));
  }

 private:
  std::string like() const {
    return size_.layer.empty() ? "" : fmt::format(" like '{}'", size_.layer);
  }

  ImageSize size_;
  std::optional<PictureNumbers> offset_;
};

}  // namespace

extern const LayerType crop_layer = {
    .name = "crop",
    .family = LayerType::Family::kCut,
    .summary = "a part of an image: centred, or from given offsets",
    .example =
        "- {crop: up1, from: enc1}            # to the size of layer 'up1'\n"
        "- {crop: 224}\n"
        "- {crop: [20, 30], offset: [0, 4]}",
    .details =
        "[C,H,W] -> [C,h,w]. Centred: the first row is floor((H - h) / 2), the first column floor("
        "(W - w) / 2). Beside convolutions without padding it fits a skip connection to the "
        "smaller image that it meets (Ronneberger et al. 2015, \"U-Net: convolutional networks for "
        "biomedical image segmentation\").",
    .other_names = {"Crop", "center_crop", "CenterCrop", "centre_crop", "Cropping2D"},
    .make = make_layer<Crop>,
};

}  // namespace cnn

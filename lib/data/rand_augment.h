// RandAugment (Cubuk, Zoph, Shlens & Le 2020, "RandAugment: practical automated data augmentation
// with a reduced search space"): some operations out of fourteen, drawn anew for each picture, all
// of one strength. m is magnitude / 30, the sign of a strength is drawn:
//
//   identity
//   shear_x, shear_y          by 0.3 m
//   translate_x, translate_y  by 0.45 m of the width or height
//   rotate                    by 30 m degrees
//   brightness, colour, contrast, sharpness   times 1 + 0.9 m: towards or away from black, the
//                             picture in grey, its mean grey, the smoothed picture
//   posterize                 keeps the 8 - 4 m highest bits
//   solarize                  what is brighter than 1 - m becomes its negative
//   autocontrast              from the darkest to the brightest, channel by channel
//   equalize                  as many pixels of every value, channel by channel
//
// The space and the strengths are those that torchvision has. The geometry of all operations is
// joined with that of the other options and sampled once, before what changes the values; values
// stay between 0 (black) and 1 (white), whatever the normalisation.
#pragma once

#include <vector>

#include "base/rng.h"
#include "data/augment_options.h"
#include "data/geometry.h"
#include "data/transforms.h"
#include "tensor/shape.h"

namespace cnn {

class RandAugmentDraw {
 public:
  enum class Operation {
    kIdentity,
    kShearX,
    kShearY,
    kTranslateX,
    kTranslateY,
    kRotate,
    kBrightness,
    kColour,
    kContrast,
    kSharpness,
    kPosterize,
    kSolarize,
    kAutocontrast,
    kEqualize,
  };
  static constexpr int kOperations = 14;

  // Draws the operations and their signs.
  RandAugmentDraw(const RandAugment& options, RandomSequence& random);
  // For tests: one operation of strength m, -1 to 1.
  RandAugmentDraw(Operation operation, double m) : chosen_{{operation, m}} {}

  // Where the pixels of a window come from; nothing if no operation moves them.
  Warp warp(const PictureSize& window) const;
  // Changes the values of a picture (channels-last, 1 to 4 channels), which are normalised as said.
  void change(const Normalization& normalization, const Shape& shape, float* values) const;

 private:
  struct Choice {
    Operation operation = Operation::kIdentity;
    double m = 0;
  };
  std::vector<Choice> chosen_;
};

}  // namespace cnn

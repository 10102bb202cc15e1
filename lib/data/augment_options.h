// What `augment:` of a data map may say. See augmentation.h for what it does.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "spec/options.h"

namespace cnn {

// Of a picture, in pixels; 0: not said.
struct PictureSize {
  int64_t height = 0;
  int64_t width = 0;
  bool is_set() const { return height > 0; }
};

// `true` is horizontal.
enum class Flip { kNone, kHorizontal, kVertical, kBoth };

// A factor drawn between two bounds; r stands for [1 - r, 1 + r].
struct FactorRange {
  double low = 1;
  double high = 1;
  bool is_set() const { return low != 1 || high != 1; }
};

// U-Net's: displacements of standard deviation `sigma` pixels at grid x grid points.
struct Elastic {
  double sigma = 0;
  int64_t grid = 3;
  Mark mark = {};  // where it was written
  bool is_set() const { return sigma > 0; }
};

// RandAugment's: a magnitude alone, or with the number of operations.
struct RandAugment {
  int64_t operations = 2;
  double magnitude = -1;  // 0 to 30; below 0: not said
  bool is_set() const { return magnitude >= 0; }
};

CNN_OPTION_TYPE(PictureSize);
CNN_OPTION_TYPE(Flip);
CNN_OPTION_TYPE(FactorRange);
CNN_OPTION_TYPE(Elastic);
CNN_OPTION_TYPE(RandAugment);

// Where a picture's pixels come from.
struct GeometryOptions {
  PictureSize crop;
  int64_t pad = 0;
  Flip flip = Flip::kNone;
  bool quarter_turns = false;
  double rotate = 0;  // degrees, either way
  FactorRange scale;
  double shift = 0;  // pixels, either way
  Elastic elastic;
  enum class Border { kZero, kReflect };
  Border border = Border::kZero;

  bool is_set() const;
  // True if pixels may come from outside of the picture.
  bool leaves_picture() const { return pad > 0 || warps(); }
  // True if pixels lie between those of the file.
  bool warps() const { return rotate > 0 || scale.is_set() || shift > 0 || elastic.is_set(); }
  void declare(Options& o);
};

// What happens to a picture's values.
struct ColourOptions {
  double brightness = 0;
  FactorRange contrast;
  double components = 0;  // AlexNet's, `colour:`
  double noise = 0;
  PictureSize cutout;

  bool is_set() const;
  void declare(Options& o);
};

struct AugmentOptions {
  GeometryOptions geometry;
  ColourOptions colour;
  RandAugment random;  // rand_augment.h

  bool is_set() const { return geometry.is_set() || colour.is_set() || random.is_set(); }
  // True if pictures are moved, turned or bent.
  bool moves() const { return geometry.is_set() || random.is_set(); }
  // True if pixels may come from outside of the picture.
  bool leaves_picture() const { return geometry.leaves_picture() || random.is_set(); }
  void declare(Options& o);
};
CNN_OPTION_TYPE(AugmentOptions);

}  // namespace cnn

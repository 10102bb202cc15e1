// Geometry: one draw of where a window's pixels come from. Flip, turns, scale, shift and bend are
// joined into one map from output pixels to positions in the picture, so that a field is sampled
// once: pictures and weights bilinear, class numbers from the nearest pixel. Draws without warps
// copy pixels exactly.
//
// An output pixel at p (from the window's middle) comes from  middle + A p + displacement(p), A a
// turn and flip over the scale. Bending is U-Net's (Ronneberger, Fischer & Brox 2015): normal
// displacements on a coarse grid, bicubic (Catmull-Rom) between its points.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/rng.h"
#include "data/augment_options.h"
#include "data/coordinates.h"
#include "tensor/shape.h"

namespace cnn {

// Where a window lies in its picture; negative positions lie in the padding.
struct WindowPlace {
  int64_t top = 0;
  int64_t left = 0;
};

// A change of the map from a window's pixels to the picture's, about the window's middle.
struct Warp {
  std::array<double, 4> linear{1, 0, 0, 1};  // of (y, x), row by row
  double down = 0, right = 0;                // pixels
  void turn(const std::array<double, 4>& by);
  bool is_plain() const;
};

class Geometry {
 public:
  // The window as it is.
  Geometry(PictureSize picture, PictureSize window, WindowPlace place);
  // With what the options draw beside the place, and a warp beside these.
  void draw(const GeometryOptions& options, RandomSequence& random, const Warp& warp = {});

  enum class Sampling { kBilinear, kNearest };
  // Writes the window of a field (channels-last) of the picture's size. `fill`: the values around
  // the picture, one a channel; null: it is reflected there.
  void sample(const float* from, int64_t channels, Sampling sampling, const float* fill,
              float* to) const;
  // Where places of the picture lie in the window: the same map the other way, without its bend.
  PictureMap to_window() const;

 private:
  void locate();  // fills positions_ from the map

  PictureSize picture_, window_;
  WindowPlace place_;
  bool is_exact_ = true;  // positions are whole numbers
  std::array<double, 4> linear_{1, 0, 0, 1};
  double shift_y_ = 0, shift_x_ = 0;
  int64_t grid_ = 0;
  std::vector<float> bend_;       // [grid, grid, 2]: y and x
  std::vector<float> positions_;  // [window, 2]: y and x in the picture; empty: a plain window
};

}  // namespace cnn

// Points and boxes of pictures, and how they move with their pictures. Places are measured in
// pixels from the upper left corner of the picture, so that pixel (i, j) is the square from (i, j)
// to (i + 1, j + 1) and its middle lies at (i + 0.5, j + 0.5).
#pragma once

#include <array>
#include <span>

#include "data/augment_options.h"
#include "tensor/field.h"

namespace cnn {

// Where a place (y, x) of one picture lies in another:
//   y' = a0 y + a1 x + down,  x' = a2 y + a3 x + right
struct PictureMap {
  std::array<double, 4> linear{1, 0, 0, 1};
  double down = 0;
  double right = 0;
};

// Moves x and y of every point. Points that leave the picture keep their places beyond its edges.
void move_points(const PictureMap& map, std::span<float> points);

// Of every box the smallest one around its four moved corners, clipped to a picture of `size`. A
// box that lies outside has no area left.
void move_boxes(const PictureMap& map, const PictureSize& size, std::span<float> boxes);

// Whichever of both `kind` says; plain numbers stay.
void move_coordinates(Coordinates kind, const PictureMap& map, const PictureSize& size,
                      std::span<float> values);

}  // namespace cnn

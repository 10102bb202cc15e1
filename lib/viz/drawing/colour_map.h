// ColourMap: numbers from 0 to 1 as colours that grow evenly lighter, so that they read the same
// with any colour vision and in print. And pictures from numbers.
#pragma once

#include <span>
#include <vector>

#include "io/image.h"
#include "tensor/view.h"

namespace cnn {

class ColourMap {
 public:
  static const ColourMap& grey();        // black to white
  static const ColourMap& sequential();  // dark violet, blue, green, yellow
  static const ColourMap& heat();        // black, red, yellow, white: over pictures
  static const ColourMap& diverging();   // blue, white (0.5), red

  // Values outside of 0 .. 1 are taken to the nearest end; NaN is magenta.
  Colour at(double value) const;
  // Of one channel.
  Image apply(const FloatImage& values) const;

 private:
  explicit ColourMap(std::vector<Colour> points) : points_(std::move(points)) {}
  std::vector<Colour> points_;  // evenly spaced
};

// The picture (grey or RGB) dimmed where there is no heat, in its own light where that is 1; dark
// parts glow in the heat's colour, so that it shows on black, too. `has_outline`: a line around
// what has half of the heat. A heat map of another size is stretched.
Image heat_over(const Image& picture, const FloatImage& heat, const ColourMap& map,
                bool has_outline = false);

Image in_colour(const Image& picture);     // grey or RGB as RGB
Image as_bytes(const FloatImage& values);  // 0 to 1 as 0 to 255, rounded, clamped

// Of finite values; 0 and 0 if there are none.
struct ValueRange {
  float low = 0, high = 0;
};
ValueRange range_of(const FloatImage& image);
ValueRange range_of(std::span<const FloatImage> images);
// Brings low .. high to 0 .. 1; where both are equal all becomes 0.5.
void stretch(FloatImage& image, ValueRange range);
void stretch_each(std::vector<FloatImage>& images);
void stretch_together(std::vector<FloatImage>& images);
// -m .. m to 0 .. 1, m the largest amount, so that zero is 0.5: for diverging(). Gives m.
float stretch_around_zero(std::vector<FloatImage>& images);

}  // namespace cnn

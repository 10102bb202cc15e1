// Brings pictures of any size to one: scaled (bilinear) until they just cover it, then the middle
// is cut out. Shrinking averages over all pixels beneath, as Pillow's bilinear filter does.
#pragma once

#include "data/coordinates.h"
#include "io/image.h"

namespace cnn {

// Values are rounded to bytes; a picture of that size comes back as it is.
Image fit_image(Image image, int64_t height, int64_t width);
FloatImage fit_image(FloatImage image, int64_t height, int64_t width);
// Masks: the nearest pixel's number, under the same geometry.
NumberImage fit_numbers(NumberImage image, int64_t height, int64_t width);
// Where places of a picture of size `from` lie once it has been brought to the size `to`.
PictureMap fit_map(const PictureSize& from, const PictureSize& to);

}  // namespace cnn

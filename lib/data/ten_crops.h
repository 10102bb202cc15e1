// Ten crops: a picture's four corners and its middle, as large as the network's input, and the
// same five mirrored (Krizhevsky, Sutskever & Hinton 2012, section 4.1). What a network says of
// them is averaged.
#pragma once

#include <cstdint>

#include "data/dataset.h"
#include "data/geometry.h"

namespace cnn {

inline constexpr int64_t kTenCrops = 10;

// Crop 0 to 9 of a picture that has `spare_rows` and `spare_columns` more than the window.
struct Crop {
  WindowPlace place;
  bool is_mirrored = false;
};
Crop crop_of(int64_t number, int64_t spare_rows, int64_t spare_columns);

// Swaps left and right of one picture, channels-last.
void mirror(float* picture, int64_t height, int64_t width, int64_t channels);

// Ten samples, one after another, in place of each of the view's. Exit::kUsage where pictures are
// not cut (augment.crop), so that there is but one crop.
DataView ten_crops(const DataView& view);

}  // namespace cnn

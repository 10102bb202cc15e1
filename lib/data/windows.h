// PictureWindows: what a data set can do besides whose samples are windows cut out of larger
// pictures: other windows of the same pictures (ten_crops.h).
#pragma once

#include <cstdint>
#include <span>

#include "data/geometry.h"

namespace cnn {

class PictureWindows {
 public:
  virtual ~PictureWindows() = default;
  // The rows and columns that a window leaves over.
  virtual PictureSize spare() const = 0;
  // As Dataset::read, of the window that begins so far from the top left.
  virtual void read_window(int64_t index, const WindowPlace& place,
                           std::span<float* const> out) const = 0;
};

}  // namespace cnn

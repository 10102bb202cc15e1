// Patches: an image cut into kernel-sized pieces that touch but do not overlap (stride = kernel, no
// padding), as rows of a matrix. A convolution over it and a transposed one are then each one
// matrix product for a block of patches: no tap is ever outside, none is used twice.
//
//   values[p, o] = sum over d of patch[p, d] * w[d, o]        d = (ky, kx, channel)
//
// Layouts as in conv.h: the image is the convolution's x, values its y, w stored
// [kernel.h, kernel.w, in_channels, out_channels].
#pragma once

#include <cstdint>

#include "kernels/conv/conv.h"

namespace cnn {

class Patches {
 public:
  // True if the patches cover the image, and channels are enough to feed matrix products.
  static bool accepts(const ConvShape& shape);

  explicit Patches(const ConvShape& shape) : s_(shape) {}

  // Each patch becomes bias + values w^T (`bias`, by image channel, may be null).
  void spread(int64_t batch, const float* values, const float* w, const float* bias, float* image,
              ConvMemory memory) const;
  // values (+)= patches w.
  void gather(int64_t batch, const float* image, const float* w, bool add, float* values,
              ConvMemory memory) const;
  // dw (+)= patches^T values.
  void weights(int64_t batch, const float* image, const float* values, bool add, float* dw,
               ConvMemory memory) const;

  // spread() and gather() need both.
  ConvScratch scratch() const;
  ConvScratch weights_scratch() const;

 private:
  struct Tile;
  int64_t depth() const { return s_.taps() * s_.in_channels; }
  int64_t tile_pixels(int64_t pixels, int64_t columns) const;
  int64_t weights_pixels() const;
  template <class Visit>
  void for_each_run(const Tile& tile, Visit visit) const;

  ConvShape s_;
};

}  // namespace cnn

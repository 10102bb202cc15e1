// Overlap tiles: a network of a fixed input size run over a picture of any size (Ronneberger,
// Fischer & Brox 2015, "U-Net"). Windows lie on a grid whose steps are multiples of the network's
// stride, so that its pooling sees every pixel at the same phase whatever the tiling; what lies
// around the picture is its mirror image. Of each window's output `margin` pixels at each side are
// cut off: where the margin covers the receptive field, the result does not depend on the tiling.
#pragma once

#include <cstdint>
#include <functional>

#include "io/image.h"
#include "tensor/shape.h"

namespace cnn {

struct Tiling {
  Shape input;         // [C,h,w] of the network
  Shape output;        // [K,h,w], centred in the input and perhaps smaller
  int64_t stride = 1;  // windows begin at multiples of it
  int64_t margin = 0;  // cut off at each side of the output, rounded up to the stride, if it fits
  int64_t batch = 1;   // windows at a time
};

// Runs n windows, channels-last, one behind the other; gives their outputs alike.
using RunWindows = std::function<const float*(const float* windows, int64_t n)>;

// The output for the whole picture: as high and wide as the picture, K channels.
FloatImage run_tiles(const FloatImage& picture, const Tiling& tiling, const RunWindows& run);

}  // namespace cnn

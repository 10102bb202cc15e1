// How many windows fit along an image or a volume: the output sizes of convolutions and pools.
#pragma once

#include <cstdint>
#include <string>

#include "layers/layer.h"

namespace cnn {

// What happens to slices, rows and columns that are left over when the last whole window stands.
enum class Fit {
  kFloor,  // they are ignored
  kCeil,  // one more window hangs over the edge, if it starts inside the input or its first padding
  kExact,  // an error
};

// The output's size for a picture [C,H,W] or a volume [C,D,H,W]. Throws Exit::kSpec with the sizes
// if nothing fits.
Extents fit_windows(const Shape& in, const Window& window, Fit fit);

// The same as one reckons it, along each axis that differs from the one before it:
// "(28 + 2*2 - 5)/1 + 1 = 28", "floor((14 - 5)/2) + 1 = 5" where rows are left over.
std::string window_arithmetic(const Shape& in, const Window& window, const Shape& out);

// Upper bounds of options, far above all use, so that sizes computed from them cannot overflow.
inline constexpr double kMaxKernel = 4096;
inline constexpr double kMaxStep = 65536;  // stride, pad, dilation

// Multiply-adds of `positions` products with `weights` numbers; stops at 2^53 instead of
// overflowing.
int64_t capped_macs(int64_t positions, int64_t weights);

}  // namespace cnn

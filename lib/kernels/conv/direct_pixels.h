// Direct convolution of one channel into few, as in the first layer of a network for grey images:
// vectors go over the pixels of a row, since vectors over so few output channels would be half
// empty. The sums of the channels are interleaved when they are done.
#pragma once

#include <memory>

#include "kernels/conv/conv.h"

namespace cnn {

// Null if it does not accept the shape.
std::unique_ptr<ConvForward> make_direct_pixels_forward(const ConvShape& shape);

}  // namespace cnn

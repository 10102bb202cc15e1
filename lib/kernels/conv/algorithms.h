// The algorithms behind conv.h: each maker gives null if it does not accept the shape, or would not
// be a good choice for it.
#pragma once

#include <memory>

#include "kernels/conv/conv.h"

namespace cnn {

// One GEMM: 1x1, stride 1, no padding, no groups (pointwise.cpp).
std::unique_ptr<ConvForward> make_pointwise_forward(const ConvShape& shape);
std::unique_ptr<ConvBackwardData> make_pointwise_backward_data(const ConvShape& shape);
std::unique_ptr<ConvBackwardWeights> make_pointwise_backward_weights(const ConvShape& shape);

// A loop over pixels with the sums in registers: few channels (direct.cpp, direct_weights.cpp).
std::unique_ptr<ConvForward> make_direct_forward(const ConvShape& shape);
std::unique_ptr<ConvBackwardData> make_direct_backward_data(const ConvShape& shape);
std::unique_ptr<ConvBackwardWeights> make_direct_backward_weights(const ConvShape& shape);

// Vectors over channels that see no other (depthwise.cpp).
std::unique_ptr<ConvForward> make_depthwise_forward(const ConvShape& shape);
std::unique_ptr<ConvBackwardData> make_depthwise_backward_data(const ConvShape& shape);
std::unique_ptr<ConvBackwardWeights> make_depthwise_backward_weights(const ConvShape& shape);

// Fewer products in a transformed domain: 3x3 and 5x5 at stride 1, many channels (winograd.cpp).
std::unique_ptr<ConvForward> make_winograd_forward(const ConvShape& shape);
std::unique_ptr<ConvBackwardData> make_winograd_backward_data(const ConvShape& shape);
std::unique_ptr<ConvBackwardWeights> make_winograd_backward_weights(const ConvShape& shape);

// The same for strides: 5x5, 7x7 and 11x11 kernels over few channels (winograd_strided.cpp).
std::unique_ptr<ConvForward> make_winograd_strided_forward(const ConvShape& shape);
std::unique_ptr<ConvBackwardWeights> make_winograd_strided_backward_weights(const ConvShape& shape);

// Blocks of pixels gathered into a matrix, then GEMM: accepts everything (im2col.cpp).
std::unique_ptr<ConvForward> make_im2col_forward(const ConvShape& shape);
std::unique_ptr<ConvBackwardData> make_im2col_backward_data(const ConvShape& shape);
std::unique_ptr<ConvBackwardWeights> make_im2col_backward_weights(const ConvShape& shape);

}  // namespace cnn

// Winograd convolution for the shapes that it can compute at all, with a given transform; which
// shapes are worth it, and with which tiles, is chosen in winograd.cpp.
#pragma once

#include <memory>

#include "kernels/conv/conv.h"
#include "kernels/conv/winograd_transforms.h"

namespace cnn {

// Stride and dilation 1, a kernel of the transform's taps; any padding, size, channels and groups.
bool winograd_accepts(const WinogradTransform& transform, const ConvShape& shape);

// Null for shapes that are not accepted.
std::unique_ptr<ConvForward> make_winograd_forward(const WinogradTransform& transform,
                                                   const ConvShape& shape);
std::unique_ptr<ConvBackwardData> make_winograd_backward_data(const WinogradTransform& transform,
                                                              const ConvShape& shape);
std::unique_ptr<ConvBackwardWeights> make_winograd_backward_weights(
    const WinogradTransform& transform, const ConvShape& shape);

// With any stride, folded into channels (winograd_strided.cpp); null unless ceil(kernel / stride)
// is 3 or 4, and with dilation or groups.
std::unique_ptr<ConvForward> make_folded_winograd_forward(const ConvShape& shape);
std::unique_ptr<ConvBackwardWeights> make_folded_winograd_backward_weights(const ConvShape& shape);

}  // namespace cnn

// Convolutions of volumes whose windows are one slice deep: the slices are as good as so many more
// pictures of the batch, and whatever is fast for pictures serves them.
#pragma once

#include <memory>

#include "kernels/conv/conv.h"

namespace cnn {

// Null unless the slices of a volume stand alone (ConvShape::has_lone_slices).
std::unique_ptr<ConvForward> make_slices_forward(const ConvShape& shape, bool exact);
std::unique_ptr<ConvBackwardData> make_slices_backward_data(const ConvShape& shape, bool exact);
std::unique_ptr<ConvBackwardWeights> make_slices_backward_weights(const ConvShape& shape,
                                                                  bool exact);

}  // namespace cnn

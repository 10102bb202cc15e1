#include "kernels/conv/conv.h"

#include "kernels/conv/algorithms.h"
#include "kernels/conv/slices.h"

namespace cnn {
namespace {

// A maker that gives null if `exact` is asked for.
template <class Algorithm>
auto unless(bool exact, std::unique_ptr<Algorithm> (*maker)(const ConvShape&)) {
  return [=](const ConvShape& shape) { return exact ? nullptr : maker(shape); };
}

template <class Algorithm, class... Makers>
std::unique_ptr<Algorithm> first_of(const ConvShape& shape, Makers... makers) {
  std::unique_ptr<Algorithm> found;
  ((found = makers(shape)) || ...);
  return found;
}

}  // namespace

std::unique_ptr<ConvForward> pick_conv_forward(const ConvShape& shape, bool exact) {
  if (auto slices = make_slices_forward(shape, exact)) return slices;
  return first_of<ConvForward>(shape, make_depthwise_forward, unless(exact, make_winograd_forward),
                               unless(exact, make_winograd_strided_forward), make_direct_forward,
                               make_pointwise_forward, make_im2col_forward);
}

std::unique_ptr<ConvBackwardData> pick_conv_backward_data(const ConvShape& shape, bool exact) {
  if (auto slices = make_slices_backward_data(shape, exact)) return slices;
  return first_of<ConvBackwardData>(
      shape, make_depthwise_backward_data, unless(exact, make_winograd_backward_data),
      make_direct_backward_data, make_pointwise_backward_data, make_im2col_backward_data);
}

std::unique_ptr<ConvBackwardWeights> pick_conv_backward_weights(const ConvShape& shape,
                                                                bool exact) {
  if (auto slices = make_slices_backward_weights(shape, exact)) return slices;
  return first_of<ConvBackwardWeights>(
      shape, make_depthwise_backward_weights, unless(exact, make_winograd_backward_weights),
      unless(exact, make_winograd_strided_backward_weights), make_direct_backward_weights,
      make_pointwise_backward_weights, make_im2col_backward_weights);
}

}  // namespace cnn

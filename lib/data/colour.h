// Colour: random changes of a picture's values. Strengths are those of pictures from 0 (black) to 1
// (white), whatever the normalisation; masks and weights stay.
//
//   brightness  a number between -b and b is added to all
//   contrast    a factor stretches the values around the mean of the picture's channel
//   colour      AlexNet's shift (Krizhevsky, Sutskever & Hinton 2012): sum over the principal
//               components p_i of the colours, l_i their variances, of  p_i sqrt(l_i) a_i,  a_i
//               normal with the given deviation
//   noise       a normal number is added to each
//   cutout      a rectangle at a random place becomes 0, normalised: the mean (DeVries & Taylor
//   2017)
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/rng.h"
#include "data/augment_options.h"
#include "data/transforms.h"
#include "tensor/shape.h"

namespace cnn {

// p_i sqrt(l_i), one row a component, of rows of `channels` numbers (1 to 4): the eigenvectors of
// their covariance, by Jacobi rotations.
std::vector<float> principal_components(std::span<const float> values, int64_t channels);

// `components` as above, of normalised values; may be empty if the options have no `colour`.
void change_colours(const ColourOptions& options, const Normalization& normalization,
                    const std::vector<float>& components, const Shape& shape,
                    RandomSequence& random, float* values);

}  // namespace cnn

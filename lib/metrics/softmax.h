// The softmax of one sample's scores, in double: for reports, not for layers.
#pragma once

#include <span>
#include <vector>

namespace cnn {

// exp(x_c) / sum of exp(x), of at least one score; finite scores of any size.
std::vector<double> softmax(std::span<const float> scores);

}  // namespace cnn

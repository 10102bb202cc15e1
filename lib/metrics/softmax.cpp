#include "metrics/softmax.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace cnn {

std::vector<double> softmax(std::span<const float> scores) {
  CNN_ASSERT(!scores.empty());
  std::vector<double> shares(scores.begin(), scores.end());
  const double largest = *std::max_element(shares.begin(), shares.end());
  double sum = 0;
  for (double& share : shares) sum += share = std::exp(share - largest);
  for (double& share : shares) share /= sum;
  return shares;
}

}  // namespace cnn

// --fail-below METRIC=VALUE: a stated threshold for scripts.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "metrics/metrics.h"

namespace cnn {

struct Threshold {
  std::string metric;
  double least = 0;
};

// Exit::kUsage for anything that is not METRIC=NUMBER.
std::vector<Threshold> parse_thresholds(const std::vector<std::string>& texts);

// Exit::kThreshold, with a message for each miss, or Exit::kOk. A metric that is not there is
// Exit::kUsage.
Exit check_thresholds(const std::vector<Threshold>& thresholds, const Scores& scores);

}  // namespace cnn

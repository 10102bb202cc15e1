#include "threshold.h"

#include <cmath>
#include <cstdlib>

#include "base/log.h"
#include "base/text.h"

namespace cnn {

std::vector<Threshold> parse_thresholds(const std::vector<std::string>& texts) {
  std::vector<Threshold> thresholds;
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    const std::string number = equals == std::string::npos ? "" : text.substr(equals + 1);
    char* end = nullptr;
    const double value = std::strtod(number.c_str(), &end);
    if (equals == 0 || number.empty() || *end != '\0' || !std::isfinite(value)) {
      fail(Exit::kUsage, "--fail-below", "expected METRIC=NUMBER such as accuracy=0.98, found '{}'",
           text);
    }
    thresholds.push_back({text.substr(0, equals), value});
  }
  return thresholds;
}

Exit check_thresholds(const std::vector<Threshold>& thresholds, const Scores& scores) {
  Exit exit = Exit::kOk;
  for (const Threshold& threshold : thresholds) {
    const double* value = find_score(scores, threshold.metric);
    if (value == nullptr) {
      std::vector<std::string> names;
      for (const auto& [name, score] : scores) names.push_back(name);
      fail(Exit::kUsage, "--fail-below", "no metric '{}'; there are {}", threshold.metric,
           quoted_list(names));
    }
    if (!(*value >= threshold.least)) {
      warn("{} is {:.6g}, below {:.6g}", threshold.metric, *value, threshold.least);
      exit = Exit::kThreshold;
    }
  }
  return exit;
}

}  // namespace cnn

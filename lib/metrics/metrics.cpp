#include "metrics/metrics.h"

#include <algorithm>

#include "base/error.h"

namespace cnn {

#define CNN_METRIC(name) extern const MetricType name##_metric;
#include "metrics/metrics.def"
#undef CNN_METRIC

std::span<const MetricType> metric_types() {
  static const MetricType kTypes[] = {
#define CNN_METRIC(name) name##_metric,
#include "metrics/metrics.def"
#undef CNN_METRIC
  };
  return kTypes;
}

std::vector<std::string> metric_names() {
  std::vector<std::string> names;
  for (const MetricType& type : metric_types()) names.push_back(type.name);
  return names;
}

std::unique_ptr<Metric> make_metric(std::string_view name) {
  const auto types = metric_types();
  const auto type = std::find_if(types.begin(), types.end(),
                                 [name](const MetricType& t) { return t.name == name; });
  CNN_ASSERT(type != types.end());
  return type->make();
}

const double* find_score(const Scores& scores, std::string_view name) {
  for (const auto& [key, value] : scores) {
    if (key == name) return &value;
  }
  return nullptr;
}

}  // namespace cnn

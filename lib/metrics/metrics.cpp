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

void MetricTally::operator()(double& number) {
  if (!reads_) {
    numbers_.push_back(number);
  } else if (next_++ < numbers_.size()) {
    number = numbers_[next_ - 1];
  }
}

void MetricTally::operator()(int64_t& number) {
  auto exact = static_cast<double>(number);
  (*this)(exact);
  number = static_cast<int64_t>(exact);
}

void MetricTally::operator()(std::vector<double>& numbers) {
  for (double& number : numbers) (*this)(number);
}

void MetricTally::operator()(std::vector<int64_t>& numbers) {
  for (int64_t& number : numbers) (*this)(number);
}

const double* find_score(const Scores& scores, std::string_view name) {
  for (const auto& [key, value] : scores) {
    if (key == name) return &value;
  }
  return nullptr;
}

}  // namespace cnn

#include "model/weight_average.h"

#include <algorithm>

#include "base/error.h"
#include "base/parallel.h"
#include "graph/file_order.h"

namespace cnn {
namespace {

constexpr int64_t kGrain = 16384;  // floats

}  // namespace

void WeightAverage::attach(ParameterStore& store) {
  if (!is_active()) return;
  store_ = &store;
  mean_ = Buffer(store.value_arena().size());
}

void WeightAverage::begin() {
  if (!is_active()) return;
  const std::span<const float> weights = store_->value_arena();
  std::copy(weights.begin(), weights.end(), mean_.data());
}

void WeightAverage::update(int64_t step) {
  if (!is_active()) return;
  CNN_ASSERT(step >= 1);
  const auto t = static_cast<double>(step);
  const auto part = static_cast<float>(1 - std::min(ema_, (1 + t) / (10 + t)));
  const float* weights = store_->value_arena().data();
  float* mean = mean_.data();
  parallel_for(static_cast<int64_t>(mean_.size()), kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) mean[i] += part * (weights[i] - mean[i]);
  });
}

void WeightAverage::swap() {
  if (!is_active()) return;
  float* weights = store_->value_arena().data();
  float* mean = mean_.data();
  parallel_for(static_cast<int64_t>(mean_.size()), kGrain, [&](int64_t begin, int64_t end) {
    std::swap_ranges(weights + begin, weights + end, mean + begin);
  });
  store_->touch();
}

void WeightAverage::export_values(int id, int64_t first, std::span<float> out) const {
  const Parameter& parameter = store_->at(id);
  to_file_order(parameter.request, mean_.data() + parameter.offset, first, out);
}

void WeightAverage::import_values(int id, int64_t first, std::span<const float> values) {
  const Parameter& parameter = store_->at(id);
  from_file_order(parameter.request, first, values, mean_.data() + parameter.offset);
}

}  // namespace cnn

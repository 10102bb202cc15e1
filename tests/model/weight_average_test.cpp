#include "model/weight_average.h"

#include <algorithm>
#include <vector>

#include "base/parallel.h"
#include "base/rng.h"
#include "support/catch.h"

namespace cnn {
namespace {

// A matrix and a statistic, which nobody trains; with numbers of `step`.
void fill(ParameterStore& store, uint64_t step) {
  if (store.all().empty()) {
    ParameterRequest request;
    request.name = "weight";
    request.shape = Shape{3, 20000};
    request.init = Initializer::constant(0);
    store.add("a.weight", request);
    request.shape = Shape{5};
    request.learned = false;
    store.add("b.running_mean", request);
    store.allocate(true);
  }
  for (int id = 0; id < 2; ++id) {
    const Rng rng(1, store.at(id).name, step);
    for (int64_t i = 0; i < store.at(id).count(); ++i) {
      store.value(id)[i] = rng.normal(static_cast<uint64_t>(i));
    }
  }
}

std::vector<float> values(const ParameterStore& store) {
  std::vector<float> all = store.export_values(0);
  const std::vector<float> statistic = store.export_values(1);
  all.insert(all.end(), statistic.begin(), statistic.end());
  return all;
}

TEST_CASE(
    "the mean of weights and statistics is that of the formula, and changes places with them") {
  constexpr double kEma = 0.5;  // reached at the eighth update
  ParameterStore store;
  fill(store, 0);
  WeightAverage average(kEma);
  CHECK(average.bytes(store) == store.value_bytes());
  average.attach(store);
  average.begin();
  const std::vector<float> first = values(store);
  std::vector<double> expected(first.begin(), first.end());
  for (int64_t t = 1; t <= 12; ++t) {
    fill(store, static_cast<uint64_t>(t));
    average.update(t);
    const double d =
        std::min(kEma, (1.0 + static_cast<double>(t)) / (10.0 + static_cast<double>(t)));
    const std::vector<float> now = values(store);
    for (size_t i = 0; i < now.size(); ++i) expected[i] = d * expected[i] + (1 - d) * now[i];
  }
  const std::vector<float> weights = values(store);
  const uint64_t version = store.version();
  {
    const AveragedWeights averaged(average);
    CHECK(store.version() > version);  // what is derived from weights is stale
    const std::vector<float> mean = values(store);
    double worst = 0;
    for (size_t i = 0; i < mean.size(); ++i)
      worst = std::max(worst, std::abs(mean[i] - expected[i]));
    CHECK(worst < 1e-6);
  }
  CHECK(values(store) == weights);
}

TEST_CASE("weights that stay have exactly themselves as their mean, on any number of threads") {
  for (const int count : {1, 3}) {
    set_threads(count);
    ParameterStore store;
    fill(store, 3);
    WeightAverage average(0.999);
    average.attach(store);
    average.begin();
    for (int64_t t = 1; t < 50; ++t) average.update(t);
    const std::vector<float> before = values(store);
    average.swap();
    CHECK(values(store) == before);
  }
  set_threads(0);
}

TEST_CASE("without ema there is no mean and nothing to keep") {
  ParameterStore store;
  fill(store, 1);
  WeightAverage average(0);
  CHECK(average.bytes(store) == 0);
  average.attach(store);
  average.begin();
  average.update(1);
  const std::vector<float> before = values(store);
  average.swap();
  CHECK(values(store) == before);
}

}  // namespace
}  // namespace cnn

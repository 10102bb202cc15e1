#include "viz/top_activations.h"

#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "base/rng.h"
#include "support/catch.h"

namespace cnn {
namespace {

constexpr int64_t kSamples = 50, kMaps = 3, kKeep = 4;

std::vector<float> random_values(const Shape& shape) {
  std::vector<float> values(static_cast<size_t>(kSamples * shape.count()));
  const Rng rng(1, "values");
  // Few different numbers, so that equals occur.
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(rng.below(4 * i, 40));
  return values;
}

TopActivations found(const std::vector<float>& values, const Shape& shape, int64_t batch) {
  TopActivations top(kMaps, kKeep);
  for (int64_t first = 0; first < kSamples; first += batch) {
    const int64_t n = std::min(batch, kSamples - first);
    top.add({values.data() + first * shape.count(), n, shape}, first);
  }
  return top;
}

}  // namespace

TEST_CASE("the best few of every map are kept, whatever the batches and threads") {
  const int before = threads();
  for (const Shape& shape : {Shape{kMaps, 3, 2}, Shape{kMaps}}) {
    const std::vector<float> values = random_values(shape);
    for (const int64_t batch : {1, 7, 50}) {
      for (const int count : {1, 3}) {
        set_threads(count);
        const TopActivations top = found(values, shape, batch);
        for (int64_t map = 0; map < kMaps; ++map) {
          std::vector<Activation> all;
          for (int64_t n = 0; n < kSamples; ++n) {
            Activation best{-1, n, 0};
            for (int64_t p = 0; p < shape.positions(); ++p) {
              const float v = values[static_cast<size_t>(n * shape.count() + p * kMaps + map)];
              if (v > best.value) best = {v, n, p};
            }
            all.push_back(best);
          }
          std::sort(all.begin(), all.end());
          REQUIRE(top.of(map).size() == kKeep);
          for (size_t i = 0; i < kKeep; ++i) {
            CHECK(top.of(map)[i].value == all[i].value);
            CHECK(top.of(map)[i].sample == all[i].sample);
            CHECK(top.of(map)[i].position == all[i].position);
          }
        }
      }
    }
  }
  set_threads(before);
}

TEST_CASE("numbers that are not numbers count for nothing, and dead maps are left out") {
  TopActivations top(3, 2);
  const std::vector<float> values = {NAN, 1, 0, NAN, 2, -1};
  top.add({values.data(), 2, {3}}, 0);
  CHECK(top.of(0).empty());
  REQUIRE(top.of(1).size() == 2);
  CHECK(top.of(1)[0].sample == 1);
  CHECK(top.strongest_maps(5) == std::vector<int64_t>{1});
}

TEST_CASE("the strongest maps are given in the order of their numbers") {
  TopActivations top(4, 1);
  const std::vector<float> values = {1, 4, 3, 2};
  top.add({values.data(), 1, {4}}, 0);
  CHECK(top.strongest_maps(2) == std::vector<int64_t>{1, 2});
}

}  // namespace cnn

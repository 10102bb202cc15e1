#include <algorithm>
#include <cmath>

#include "support/catch.h"
#include "support/check_layer.h"
#include "tensor/tensor.h"

namespace cnn {
namespace {

// What the random numbers make of the inputs: corrupt(x, random numbers of the sample, index).
template <class Corrupt>
auto noise(Corrupt corrupt, bool testing = false) {
  return [=](const ReferenceCall& call) {
    if (call.phase == Phase::kTest && !testing) return call.inputs[0];
    const Shape& shape = call.shapes[0];
    const auto count = static_cast<size_t>(shape.count());
    Numbers out;
    for (int64_t n = 0; n < call.batch; ++n) {
      // Where each value in memory stands in files.
      std::vector<float> place(count), order(count);
      for (size_t i = 0; i < count; ++i) place[i] = static_cast<float>(i);
      to_channels_first(place.data(), order.data(), 1, shape);
      for (size_t k = 0; k < count; ++k) {
        const double x = call.inputs[0][static_cast<size_t>(n) * count + k];
        out.push_back(corrupt(x, call.rng(n), static_cast<uint64_t>(order[k])));
      }
    }
    return out;
  };
}

double add_gaussian(double x, const Rng& rng, uint64_t i) {
  return x + 0.5 * static_cast<double>(rng.normal(i));
}
double mask(double x, const Rng& rng, uint64_t i) { return rng.uniform(i) < 0.25f ? 0 : x; }
double salt(double x, const Rng& rng, uint64_t i) {
  const float u = rng.uniform(i);
  return u < 0.2f ? -1 : u < 0.4f ? 2 : x;
}

}  // namespace

TEST_CASE("noise matches the reference, and does nothing in testing") {
  for (const Shape& shape : std::vector<Shape>{{1}, {19}, {3, 5}, {3, 5, 7}, {3, 33, 35}}) {
    check_layer({"{noise: gaussian, sigma: 0.5}", {shape}, noise(add_gaussian)});
    check_layer({"{noise: masking, p: 0.25}", {shape}, noise(mask)});
    check_layer({"{noise: salt_and_pepper, p: 0.4, low: -1, high: 2}", {shape}, noise(salt)});
  }
}

TEST_CASE("noise stays in testing if that is wanted") {
  check_layer(
      {"{noise: gaussian, sigma: 0.5, testing: true}", {{3, 5}}, noise(add_gaussian, true)});
  check_layer({"{noise: masking, p: 0.25, testing: true}", {{19}}, noise(mask, true)});
  CHECK(LayerHarness("{noise: masking}", {{4}}).plan().identity_in_test);
  CHECK_FALSE(LayerHarness("{noise: masking, testing: true}", {{4}}).plan().identity_in_test);
}

TEST_CASE("noise loses the share of values that it is asked for") {
  const Numbers half(20000, 0.5);
  const auto share = [&](const char* item, float value) {
    const RunResult result = LayerHarness(item, {{20000}}).run({}, 1, 1, {half}, {}, half);
    return static_cast<double>(std::count(result.out.begin(), result.out.end(), value)) / 20000;
  };
  CHECK(std::abs(share("{noise: masking, p: 0.3}", 0) - 0.3) < 0.01);
  CHECK(std::abs(share("{noise: salt_and_pepper, p: 0.3}", 0) - 0.15) < 0.01);
  CHECK(std::abs(share("{noise: salt_and_pepper, p: 0.3}", 1) - 0.15) < 0.01);
  CHECK(share("{noise: masking, p: 0}", 0.5f) == 1);
  CHECK(share("{noise: masking, p: 1}", 0) == 1);
}

TEST_CASE("noise that cannot be is refused") {
  CHECK(setup_error("noise", {{4}}).find("needs 'kind'") != std::string::npos);
  CHECK(setup_error("{noise: pink}", {{4}}) != "");
  CHECK(setup_error("{noise: masking, p: 1.5}", {{4}}) != "");
  CHECK(setup_error("{noise: gaussian, sigma: -1}", {{4}}) != "");
}

}  // namespace cnn

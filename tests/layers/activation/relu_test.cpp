#include <algorithm>
#include <cmath>

#include "reference/elementwise.h"
#include "support/catch.h"

namespace cnn {

TEST_CASE("relu matches the reference") {
  for (const Shape& shape : shapes_of_every_rank()) {
    check_layer(
        {"relu", {shape}, reference::elementwise([](double x) { return std::max(x, 0.0); })});
  }
}

TEST_CASE("relu lets NaN and infinity pass") {
  const LayerHarness relu("relu", {{3}});
  const RunResult result = relu.run({}, 1, 1, {{NAN, INFINITY, -INFINITY}}, {}, {1, 1, 1});
  CHECK(std::isnan(result.out[0]));
  CHECK(result.out[1] == INFINITY);
  CHECK(result.out[2] == 0);
}

TEST_CASE("relu's backward follows the rule of the pass") {
  const LayerHarness relu("relu", {{4}});
  RunSettings settings;
  const auto gradient = [&](Pass::Rule rule) {
    settings.pass.rule = rule;
    return relu.run(settings, 1, 1, {{1, 1, -1, -1}}, {}, {2, -2, 2, -2}).grad_in[0];
  };
  CHECK(gradient(Pass::Rule::kGradient) == std::vector<float>{2, -2, 0, 0});
  CHECK(gradient(Pass::Rule::kGuided) == std::vector<float>{2, 0, 0, 0});
  CHECK(gradient(Pass::Rule::kDeconvnet) == std::vector<float>{2, 0, 2, 0});
}

}  // namespace cnn

#include <cmath>

#include "reference/elementwise.h"
#include "support/catch.h"

namespace cnn {
namespace {

auto leaky(double slope) {
  return reference::elementwise([slope](double x) { return x > 0 ? x : slope * x; });
}

}  // namespace

TEST_CASE("leaky_relu matches the reference") {
  for (const Shape& shape : shapes_of_every_rank()) {
    check_layer({"leaky_relu", {shape}, leaky(0.01f)});
    check_layer({"{leaky_relu: 0.25}", {shape}, leaky(0.25)});
  }
  check_layer({"{leaky_relu: 0}", {{3, 5, 7}}, leaky(0)});
}

TEST_CASE("leaky_relu lets NaN pass") {
  const LayerHarness layer("leaky_relu", {{2}});
  const RunResult result = layer.run({}, 1, 1, {{NAN, -INFINITY}}, {}, {1, 1});
  CHECK(std::isnan(result.out[0]));
  CHECK(result.out[1] == -INFINITY);
}

TEST_CASE("a negative slope of leaky_relu is refused") {
  CHECK(setup_error("{leaky_relu: -0.1}", {{3}}) != "");
}

TEST_CASE("leaky_relu passes gradients back by the rule of the pass") {
  const LayerHarness layer("{leaky_relu: 0.25}", {{1, 1, 4}});
  const Numbers x{1, 1, -1, -1}, g{4, -4, 4, -4};
  const auto gradient = [&](Pass::Rule rule) {
    RunSettings settings;
    settings.pass.rule = rule;
    return layer.run(settings, 1, 1, {x}, {}, g).grad_in[0];
  };
  CHECK(gradient(Pass::Rule::kGradient) == std::vector<float>{4, -4, 1, -1});
  CHECK(gradient(Pass::Rule::kGuided) == std::vector<float>{4, 0, 0, 0});
  CHECK(gradient(Pass::Rule::kDeconvnet) == std::vector<float>{4, 0, 4, 0});
}

}  // namespace cnn

#include <algorithm>
#include <cmath>

#include "reference/elementwise.h"
#include "support/catch.h"

namespace cnn {

TEST_CASE("relu6 matches the reference") {
  reference::check_activation("relu6", [](double x) { return std::min(std::max(x, 0.0), 6.0); });
}

TEST_CASE("relu6 passes gradients back by the rule of the pass") {
  const LayerHarness layer("relu6", {{6}});
  const Numbers x{1, 1, -1, -1, 7, 7}, g{3, -3, 3, -3, 3, -3};
  const auto gradient = [&](Pass::Rule rule) {
    RunSettings settings;
    settings.pass.rule = rule;
    return layer.run(settings, 1, 1, {x}, {}, g).grad_in[0];
  };
  CHECK(gradient(Pass::Rule::kGradient) == std::vector<float>{3, -3, 0, 0, 0, 0});
  CHECK(gradient(Pass::Rule::kGuided) == std::vector<float>{3, 0, 0, 0, 0, 0});
  CHECK(gradient(Pass::Rule::kDeconvnet) == std::vector<float>{3, 0, 3, 0, 3, 0});
}

}  // namespace cnn

#include <cmath>

#include "reference/index.h"
#include "support/catch.h"
#include "support/check_layer.h"

namespace cnn {
namespace {

Numbers prelu(const ReferenceCall& call) {
  const Shape& shape = call.shapes[0];
  const Numbers& slopes = call.parameters[0];
  Numbers out = call.inputs[0];
  for (int64_t n = 0; n < call.batch; ++n) {
    for (int64_t p = 0; p < shape.positions(); ++p) {
      for (int64_t c = 0; c < shape.channels(); ++c) {
        double& x = out[reference::file_index(shape, n, c, p)];
        if (x <= 0) x *= slopes[static_cast<size_t>(c) % slopes.size()];
      }
    }
  }
  return out;
}

}  // namespace

TEST_CASE("prelu matches the reference, with a slope for every channel or one for all") {
  for (const Shape& shape : shapes_of_every_rank()) {
    check_layer({"prelu", {shape}, prelu});
    check_layer({"{prelu, shared: true}", {shape}, prelu});
  }
}

TEST_CASE("prelu's slopes start at 0.25 and do not decay") {
  const LayerPlan each = LayerHarness("prelu", {{6, 5, 4}}).plan();
  REQUIRE(each.parameters.size() == 1);
  CHECK(each.parameters[0].name == "weight");
  CHECK(each.parameters[0].shape == Shape{6});
  CHECK_FALSE(each.parameters[0].decays);
  CHECK(each.parameters[0].init.value == 0.25);
  CHECK(LayerHarness("{prelu, shared: true}", {{6, 5, 4}}).plan().parameters[0].shape == Shape{1});
}

TEST_CASE("prelu lets NaN pass") {
  const LayerHarness layer("prelu", {{2}});
  CHECK(std::isnan(layer.run({}, 1, 1, {{NAN, 1}}, {{0.5, 0.5}}, {1, 1}).out[0]));
}

TEST_CASE("prelu passes gradients back by the rule of the pass") {
  const LayerHarness layer("prelu", {{1, 1, 4}});
  const Numbers x{1, 1, -1, -1}, g{4, -4, 4, -4};
  const auto gradient = [&](Pass::Rule rule) {
    RunSettings settings;
    settings.pass.rule = rule;
    return layer.run(settings, 1, 1, {x}, {{0.25}}, g).grad_in[0];
  };
  CHECK(gradient(Pass::Rule::kGradient) == std::vector<float>{4, -4, 1, -1});
  CHECK(gradient(Pass::Rule::kGuided) == std::vector<float>{4, 0, 0, 0});
  CHECK(gradient(Pass::Rule::kDeconvnet) == std::vector<float>{4, 0, 4, 0});
}

}  // namespace cnn

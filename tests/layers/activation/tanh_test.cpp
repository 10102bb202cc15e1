#include <cmath>

#include "reference/elementwise.h"
#include "support/catch.h"

namespace cnn {

TEST_CASE("tanh matches the reference") {
  for (const Shape& shape : shapes_of_every_rank()) {
    check_layer({"tanh", {shape}, reference::elementwise([](double x) { return std::tanh(x); })});
  }
}

TEST_CASE("tanh has a scale and a slope, LeNet-5's goes through (1, 1)") {
  const auto scaled = [](double x) { return 1.7159 * std::tanh(2.0 / 3 * x); };
  const std::string item = "{tanh, scale: 1.7159, slope: 0.66666666667}";
  for (const Shape& shape : shapes_of_every_rank()) {
    check_layer({item, {shape}, reference::elementwise(scaled)});
  }
  const LayerHarness layer(item, {{2}});
  const RunResult result = layer.run({}, 1, 1, {{1, 1e30}}, {}, {1, 1});
  CHECK(result.out[0] == Approx(1).epsilon(1e-4));
  CHECK(result.out[1] == 1.7159f);
  CHECK(setup_error("{tanh, scale: 0}", {{2}}).find("above 0") != std::string::npos);
}

TEST_CASE("tanh saturates without overflow, is odd and lets NaN pass") {
  const LayerHarness layer("tanh", {{5}});
  const RunResult result =
      layer.run({}, 1, 1, {{1e30, -1e30, 1e-20, -0.5, NAN}}, {}, {1, 1, 1, 1, 1});
  CHECK(result.out[0] == 1);
  CHECK(result.out[1] == -1);
  CHECK(result.out[2] == 1e-20f);
  CHECK(result.out[3] == Approx(std::tanh(-0.5)));
  CHECK(std::isnan(result.out[4]));
}

}  // namespace cnn

#include <cmath>

#include "reference/elementwise.h"
#include "support/catch.h"

namespace cnn {

TEST_CASE("tanh matches the reference") {
  for (const Shape& shape : shapes_of_every_rank()) {
    check_layer({"tanh", {shape}, reference::elementwise([](double x) { return std::tanh(x); })});
  }
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

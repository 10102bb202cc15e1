#include <cmath>

#include "reference/elementwise.h"
#include "support/catch.h"

namespace cnn {

TEST_CASE("sigmoid matches the reference") {
  for (const Shape& shape : shapes_of_every_rank()) {
    check_layer({"sigmoid", {shape}, reference::elementwise([](double x) {
                   return 1 / (1 + std::exp(-x));
                 })});
  }
}

TEST_CASE("sigmoid saturates without overflow and lets NaN pass") {
  const LayerHarness layer("sigmoid", {{3}});
  const RunResult result = layer.run({}, 1, 1, {{1e4, -1e4, NAN}}, {}, {1, 1, 1});
  CHECK(result.out[0] == 1);
  CHECK(result.out[1] == 0);
  CHECK(std::isnan(result.out[2]));
  CHECK(result.grad_in[0][0] == 0);
  CHECK(result.grad_in[0][1] == 0);
}

}  // namespace cnn

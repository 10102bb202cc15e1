#include <cmath>

#include "reference/value_loss.h"
#include "support/catch.h"

namespace cnn {

TEST_CASE("l1 matches the reference") {
  reference::check_value_loss("{l1: x, target: y}",
                              [](double x, double t) { return std::abs(x - t); });
}

TEST_CASE("l1 pulls nowhere where there is no error") {
  const LayerHarness layer("{l1: x, target: y}", {{3}});
  const RunResult result = layer.run({}, 1, 1, {{1, 2, 3}, {1, 5, 0}}, {}, {});
  CHECK(result.out == std::vector<float>{6, 3});
  const float third = 1.0f / 3;
  CHECK(result.grad_in[0] == std::vector<float>{0, -third, third});
}

}  // namespace cnn

#include <cmath>

#include "reference/elementwise.h"
#include "support/catch.h"

namespace cnn {

TEST_CASE("gelu matches the reference") {
  reference::check_activation("gelu",
                              [](double x) { return x / 2 * std::erfc(-x / std::sqrt(2.0)); });
}

TEST_CASE("gelu by tanh is the usual approximation") {
  reference::check_activation("{gelu, form: tanh}", [](double x) {
    return x / 2 * (1 + std::tanh(std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x)));
  });
}

TEST_CASE("gelu's tail keeps its relative precision") {
  const LayerHarness layer("gelu", {{3}});
  const RunResult result = layer.run({}, 1, 1, {{-5, -8, -11}}, {}, {1, 1, 1});
  const double inputs[] = {-5, -8, -11};
  for (size_t i = 0; i < 3; ++i) {
    CHECK(result.out[i] ==
          Approx(inputs[i] / 2 * std::erfc(-inputs[i] / std::sqrt(2.0))).epsilon(1e-5));
  }
}

}  // namespace cnn

#include <cmath>

#include "reference/class_loss.h"
#include "support/catch.h"

namespace cnn {

TEST_CASE("logistic matches the reference") {
  reference::check_class_loss(
      "{logistic: x}",
      [](const Numbers& x, size_t target) {
        double sum = 0;
        for (size_t c = 0; c < x.size(); ++c) {
          const bool own = x.size() == 1 ? target == 1 : c == target;
          sum += std::log1p(std::exp(own ? -x[c] : x[c]));
        }
        return sum;
      },
      1);
}

TEST_CASE("logistic is finite for scores of +-1e4, and NaN for NaN") {
  const LayerHarness layer("{logistic: x}", {{3}});
  const RunResult result = layer.run({}, 2, 2, {{1e4, -1e4, -1e4, -1e4, 1e4, 0}, {0, 0}}, {}, {});
  CHECK(result.out[0] == 0);
  CHECK(result.out[2] == Approx(2e4 + std::log(2.0)));
  const float expected[] = {0, 0, 0, -0.5f, 0.5f, 0.25f};
  for (size_t i = 0; i < 6; ++i) CHECK(result.grad_in[0][i] == Approx(expected[i]).margin(1e-7));
  CHECK(std::isnan(layer.run({}, 1, 1, {{1, NAN, 3}, {0}}, {}, {}).out[0]));
}

}  // namespace cnn

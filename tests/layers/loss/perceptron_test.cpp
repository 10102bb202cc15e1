#include <algorithm>
#include <cmath>

#include "reference/class_loss.h"
#include "support/catch.h"

namespace cnn {

TEST_CASE("the perceptron's loss matches the reference") {
  reference::check_class_loss(
      "{perceptron: x}",
      [](const Numbers& x, size_t target) {
        if (x.size() == 1) return std::max(0.0, target == 1 ? -x[0] : x[0]);
        return *std::max_element(x.begin(), x.end()) - x[target];
      },
      1);
}

TEST_CASE("a tie costs nothing but has a mistake's gradient, so that zero weights learn") {
  const LayerHarness layer("{perceptron: x}", {{3}});
  const RunResult result = layer.run({}, 1, 1, {{0, 0, 0}, {1}}, {}, {});
  CHECK(result.out == std::vector<float>{0, 1});
  CHECK(result.grad_in[0] == std::vector<float>{1, -1, 0});
  const LayerHarness single("{perceptron: x}", {{1}});
  CHECK(single.run({}, 1, 1, {{0}, {1}}, {}, {}).grad_in[0] == std::vector<float>{-1});
  CHECK(single.run({}, 1, 1, {{0}, {0}}, {}, {}).grad_in[0] == std::vector<float>{1});
  CHECK(single.run({}, 1, 1, {{2}, {1}}, {}, {}).grad_in[0] == std::vector<float>{0});
}

TEST_CASE("the perceptron's loss of a NaN score is NaN") {
  const LayerHarness layer("{perceptron: x}", {{3}});
  CHECK(std::isnan(layer.run({}, 1, 1, {{1, NAN, 3}, {0}}, {}, {}).out[0]));
  CHECK(std::isnan(layer.run({}, 1, 1, {{NAN, 1, 3}, {0}}, {}, {}).out[0]));
}

}  // namespace cnn

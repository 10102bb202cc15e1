#include <cmath>

#include "reference/value_loss.h"
#include "support/catch.h"

namespace cnn {
namespace {

// Targets into (0, 1).
void squeeze_targets(std::vector<Numbers>& inputs) {
  for (double& t : inputs[1]) t = static_cast<float>(0.25 * t + 0.5);
}

auto cross_entropy(double positive_weight) {
  return [positive_weight](double x, double t) {
    const double p = 1 / (1 + std::exp(-x));
    return -positive_weight * t * std::log(p) - (1 - t) * std::log(1 - p);
  };
}

}  // namespace

TEST_CASE("bce_logits matches the reference, for the target's gradient too") {
  reference::check_value_loss("{bce_logits: x, target: y}", cross_entropy(1), squeeze_targets);
  reference::check_value_loss("{bce_logits: x, target: y, positive_weight: 3.5}",
                              cross_entropy(3.5), squeeze_targets);
}

TEST_CASE("row 79: bce_logits of scores of +-1e4 is finite") {
  const LayerHarness layer("{bce_logits: x, target: y, reduction: sum}", {{4}});
  const RunResult result = layer.run({}, 1, 1, {{1e4, -1e4, 1e4, -1e4}, {1, 0, 0, 1}}, {}, {});
  CHECK(result.out == std::vector<float>{2e4f, 1});
  CHECK(result.grad_in[0] == std::vector<float>{0, 0, 1, -1});
}

TEST_CASE("bce_logits of a NaN is NaN") {
  const LayerHarness layer("{bce_logits: x, target: y}", {{1}});
  CHECK(std::isnan(layer.run({}, 1, 1, {{NAN}, {0}}, {}, {}).out[0]));
}

}  // namespace cnn

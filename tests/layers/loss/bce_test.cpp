#include <cmath>

#include "base/error.h"
#include "reference/value_loss.h"
#include "support/catch.h"

namespace cnn {

TEST_CASE("bce matches the reference, for the target's gradient too") {
  reference::check_value_loss(
      "{bce: x, target: y}",
      [](double x, double t) { return -t * std::log(x) - (1 - t) * std::log(1 - x); },
      [](std::vector<Numbers>& inputs) {
        for (double& x : inputs[0]) x = static_cast<float>(0.2 * x + 0.5);
        for (double& t : inputs[1]) t = static_cast<float>(0.25 * t + 0.5);
      });
}

TEST_CASE("bce's logarithms end at -100") {
  const LayerHarness layer("{bce: x, target: y, reduction: sum}", {{4}});
  const RunResult result = layer.run({}, 1, 1, {{0, 1, 0, 1}, {0, 1, 1, 0}}, {}, {});
  CHECK(result.out == std::vector<float>{200, 1});
  for (const float g : result.grad_in[0]) CHECK(std::isfinite(g));
}

TEST_CASE("bce of what is no probability is an error, of NaN is NaN") {
  const LayerHarness layer("{bce: x, target: y}", {{2}});
  for (const double wrong : {-0.1, 1.5}) {
    try {
      layer.run({}, 1, 1, {{0.5, wrong}, {0, 1}}, {}, {});
      FAIL(wrong << " was accepted");
    } catch (const Error& error) {
      CHECK(error.code() == Exit::kInput);
      CHECK(error.diagnostics().front().problem.find("bce_logits") != std::string::npos);
    }
  }
  CHECK(std::isnan(layer.run({}, 1, 1, {{0.5, NAN}, {0, 1}}, {}, {}).out[0]));
}

}  // namespace cnn

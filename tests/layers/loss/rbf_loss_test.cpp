#include <cmath>

#include "reference/class_loss.h"
#include "support/catch.h"

namespace cnn {
namespace {

reference::RowCost map_cost(double j) {
  return [j](const Numbers& s, size_t target) {
    double sum = std::exp(-j);
    for (const double score : s) sum += std::exp(score);
    return -s[target] + std::log(sum);
  };
}

}  // namespace

TEST_CASE("rbf_loss matches the reference in both forms") {
  reference::check_class_loss("{rbf_loss: x}", map_cost(10), 2);
  reference::check_class_loss("{rbf_loss: x, j: 0.5}", map_cost(0.5), 2);
  reference::check_class_loss(
      "{rbf_loss: x, form: mse}", [](const Numbers& s, size_t target) { return -s[target]; }, 2);
}

TEST_CASE("rbf_loss is finite for far codes, and pushes no code beyond j") {
  const LayerHarness layer("{rbf_loss: x, j: 10}", {{3}});
  const RunResult result = layer.run({}, 2, 2, {{-1e4, -2e4, -1e4, 0, -100, -1}, {0, 0}}, {}, {});
  CHECK(result.out[0] == Approx(1e4 - 10));
  CHECK(result.grad_in[0][0] == Approx(-0.5));
  CHECK(result.grad_in[0][1] == 0);
  CHECK(result.grad_in[0][4] == 0);    // a distance of 100: left alone
  CHECK(result.grad_in[0][5] > 0.1f);  // of 1: pushed away
  CHECK(std::isnan(layer.run({}, 1, 1, {{0, NAN, 0}, {0}}, {}, {}).out[0]));
}

TEST_CASE("rbf_loss needs two classes") {
  CHECK(setup_error("{rbf_loss: x}", {{1}}).find("1 score alone") != std::string::npos);
}

}  // namespace cnn

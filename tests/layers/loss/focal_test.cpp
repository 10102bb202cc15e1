#include <cmath>

#include "reference/class_loss.h"
#include "support/catch.h"

namespace cnn {
namespace {

reference::RowCost focal(double gamma, Numbers alpha = {}) {
  return [gamma, alpha](const Numbers& x, size_t target) {
    double p = 0;
    if (x.size() == 1) {
      p = 1 / (1 + std::exp(target == 1 ? -x[0] : x[0]));
    } else {
      double sum = 0;
      for (const double score : x) sum += std::exp(score);
      p = std::exp(x[target]) / sum;
    }
    return -(alpha.empty() ? 1 : alpha[target]) * std::pow(1 - p, gamma) * std::log(p);
  };
}

}  // namespace

TEST_CASE("focal matches the reference for several gammas, and for one score alone") {
  reference::check_class_loss("{focal: x}", focal(2), 2);
  reference::check_class_loss("{focal: x, gamma: 0}", focal(0), 1);
  reference::check_class_loss("{focal: x, gamma: 0.5}", focal(0.5), 1);
}

TEST_CASE("focal has a factor for every class") {
  check_layer({"{focal: x, alpha: [0.25, 0.5, 2]}",
               {{3, 4, 5}},
               reference::class_loss(focal(2, {0.25, 0.5, 2}))});
  check_layer({"{focal: x, alpha: [0.75, 0.25]}",
               {{1, 4, 5}},
               reference::class_loss(focal(2, {0.75, 0.25}))});
  CHECK(setup_error("{focal: x, alpha: [1, 2]}", {{3}}).find("2 numbers in alpha for 3 classes") !=
        std::string::npos);
}

TEST_CASE("row 79: focal of scores of +-1e4 is finite") {
  const LayerHarness layer("{focal: x}", {{2}});
  const RunResult result = layer.run({}, 2, 2, {{1e4, -1e4, 1e4, -1e4}, {0, 1}}, {}, {});
  CHECK(result.out == std::vector<float>{0, 1, 2e4f, 1});
  for (const float g : result.grad_in[0]) CHECK(std::isfinite(g));
}

}  // namespace cnn

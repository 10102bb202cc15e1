#include <algorithm>
#include <cmath>

#include "reference/class_loss.h"
#include "support/catch.h"

namespace cnn {
namespace {

constexpr double kMargin = 0.8731f;  // no difference of two scores is near it

reference::RowCost hinge(double margin, bool squared, bool best_only) {
  return [=](const Numbers& x, size_t target) {
    const auto cost = [&](double missing) {
      const double m = std::max(0.0, missing);
      return squared ? m * m : m;
    };
    if (x.size() == 1) return cost(margin - (target == 1 ? x[0] : -x[0]));
    double sum = 0, most = 0;
    for (size_t c = 0; c < x.size(); ++c) {
      if (c == target) continue;
      sum += cost(margin + x[c] - x[target]);
      most = std::max(most, cost(margin + x[c] - x[target]));
    }
    return best_only ? most : sum;
  };
}

}  // namespace

TEST_CASE("hinge matches the reference in both forms, squared or not") {
  reference::check_class_loss("{hinge: x, margin: 0.8731}", hinge(kMargin, false, false), 1);
  reference::check_class_loss("{hinge: x, squared: true, margin: 0.8731}",
                              hinge(kMargin, true, false), 1);
  reference::check_class_loss("{hinge: x, form: crammer_singer, margin: 0.8731}",
                              hinge(kMargin, false, true), 1);
  reference::check_class_loss("{hinge: x, form: crammer_singer, squared: true, margin: 0.8731}",
                              hinge(kMargin, true, true), 1);
}

TEST_CASE("hinge of the lecture's cat, car and frog") {
  // Scores 3.2, 5.1, -1.7 of class 0: max(0, 5.1 - 3.2 + 1) + max(0, -1.7 - 3.2 + 1) = 2.9.
  const LayerHarness layer("{hinge: x}", {{3}});
  const RunResult result = layer.run({}, 1, 1, {{3.2, 5.1, -1.7}, {0}}, {}, {});
  CHECK(result.out[0] == Approx(2.9));
  CHECK(result.grad_in[0] == std::vector<float>{-1, 1, 0});
}

TEST_CASE("hinge reports NaN scores and wrong classes") {
  for (const char* item : {"{hinge: x}", "{hinge: x, form: crammer_singer}"}) {
    const LayerHarness layer(item, {{4}});
    for (size_t i = 0; i < 4; ++i) {
      Numbers scores{1, 2, 3, 4};
      scores[i] = NAN;
      CHECK(std::isnan(layer.run({}, 1, 1, {scores, {1}}, {}, {}).out[0]));
    }
    CHECK_THROWS_AS(layer.run({}, 1, 1, {{1, 2, 3, 4}, {4}}, {}, {}), Error);
  }
}

TEST_CASE("hinge takes one score for two classes") {
  const LayerPlan plan = LayerHarness("{hinge: x}", {{1}}).plan();
  CHECK(plan.fields[1].shape == Shape{1});
  CHECK(plan.fields[1].kind == FieldKind::kClass);
  CHECK(plan.fields[1].classes == 2);
  CHECK(setup_error("{hinge: x, margin: -1}", {{3}}) != "");
  CHECK(setup_error("{hinge: x, form: vapnik}", {{3}}) != "");
}

}  // namespace cnn

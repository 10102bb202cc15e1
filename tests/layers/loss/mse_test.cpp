#include "reference/value_loss.h"
#include "support/catch.h"

namespace cnn {

TEST_CASE("mse matches the reference, for the target's gradient too") {
  reference::check_value_loss("{mse: x, target: y}",
                              [](double x, double t) { return (x - t) * (x - t); });
}

TEST_CASE("mse's target has the shape of its input") {
  const LayerPlan plan = LayerHarness("{mse: x, target: y}", {{3, 5, 7}}).plan();
  CHECK(plan.fields[1].shape == Shape{3, 5, 7});
  CHECK(plan.fields[1].kind == FieldKind::kValues);
  CHECK(LayerHarness("{mse: x}", {{3}}).plan().fields[1].shape == Shape{3});
}

TEST_CASE("weights are one number for every position") {
  const LayerPlan plan = LayerHarness("{mse: x, target: y, weights: border}", {{3, 5, 7}}).plan();
  REQUIRE(plan.fields.size() == 3);
  CHECK(plan.fields[2].shape == Shape{1, 5, 7});
  CHECK(plan.fields[2].kind == FieldKind::kValues);
}

}  // namespace cnn

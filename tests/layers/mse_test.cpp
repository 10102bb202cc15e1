#include "support/catch.h"
#include "support/check_layer.h"

namespace cnn {
namespace {

auto squares(bool sum) {
  return [sum](const ReferenceCall& call) {
    const auto count = static_cast<size_t>(call.shapes[0].count());
    Numbers out;
    for (size_t n = 0; n < static_cast<size_t>(call.batch); ++n) {
      double loss = 0;
      for (size_t i = n * count; i < (n + 1) * count; ++i) {
        loss += (call.inputs[0][i] - call.inputs[1][i]) * (call.inputs[0][i] - call.inputs[1][i]);
      }
      out.push_back(loss);
      out.push_back(sum ? 1 : static_cast<double>(count));
    }
    return out;
  };
}

}  // namespace

TEST_CASE("mse matches the reference, for the target's gradient too") {
  for (const Shape& shape : shapes_of_every_rank()) {
    check_layer({"{mse: x, target: y}", {shape}, squares(false)});
  }
  check_layer({"{mse: x, target: y, reduction: sum}", {{3, 5, 7}}, squares(true)});
}

TEST_CASE("mse's target has the shape of its input, and must be given") {
  const LayerPlan plan = LayerHarness("{mse: x, target: y}", {{3, 5, 7}}).plan();
  CHECK(plan.fields[1].shape == Shape{3, 5, 7});
  CHECK(plan.fields[1].kind == FieldKind::kValues);
  CHECK(setup_error("{mse: x}", {{3}}).find("target") != std::string::npos);
}

}  // namespace cnn

#include <cmath>

#include "reference/elementwise.h"
#include "support/catch.h"

namespace cnn {
namespace {

auto elu(double alpha) {
  return reference::elementwise([alpha](double x) { return x > 0 ? x : alpha * std::expm1(x); });
}

}  // namespace

TEST_CASE("elu matches the reference") {
  for (const Shape& shape : shapes_of_every_rank()) check_layer({"elu", {shape}, elu(1)});
  check_layer({"{elu: 0.5}", {{3, 5, 7}}, elu(0.5)});
  check_layer({"{elu: 2}", {{17}}, elu(2)});
}

TEST_CASE("elu is finite for extreme inputs and lets NaN pass") {
  const LayerHarness layer("elu", {{4}});
  const RunResult result = layer.run({}, 1, 1, {{1e30, -1e30, -1e-30, NAN}}, {}, {1, 1, 1, 1});
  CHECK(result.out[0] == 1e30f);
  CHECK(result.out[1] == -1);
  CHECK(result.out[2] == -1e-30f);
  CHECK(std::isnan(result.out[3]));
}

}  // namespace cnn

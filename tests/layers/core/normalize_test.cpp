#include <algorithm>
#include <cmath>

#include "reference/index.h"
#include "support/catch.h"
#include "support/check_layer.h"

namespace cnn {
namespace {

auto normalize(bool sample, bool scale, double eps = 1e-12) {
  return [=](const ReferenceCall& call) {
    const Shape& shape = call.shapes[0];
    const Numbers& x = call.inputs[0];
    Numbers y(x.size());
    for (int64_t n = 0; n < call.batch; ++n) {
      double whole = 0;
      for (int64_t i = 0; i < shape.count(); ++i) {
        const double v = x[static_cast<size_t>(n * shape.count() + i)];
        whole += v * v;
      }
      for (int64_t p = 0; p < shape.positions(); ++p) {
        double sum = 0;
        for (int64_t c = 0; c < shape.channels(); ++c) {
          const double v = x[reference::file_index(shape, n, c, p)];
          sum += v * v;
        }
        const double norm = std::max(std::sqrt(sample ? whole : sum), eps);
        for (int64_t c = 0; c < shape.channels(); ++c) {
          const size_t i = reference::file_index(shape, n, c, p);
          y[i] = x[i] / norm * (scale ? call.parameters[0][static_cast<size_t>(c)] : 1);
        }
      }
    }
    return y;
  };
}

}  // namespace

TEST_CASE("normalize matches the reference") {
  for (const Shape& shape : shapes_of_every_rank()) {
    check_layer({"normalize", {shape}, normalize(false, false)});
    check_layer({"{normalize: sample}", {shape}, normalize(true, false)});
  }
  for (const Shape& shape :
       std::vector<Shape>{{19}, {3, 5}, {3, 5, 7}, {2, 3, 4, 5}, {5, 33, 35}}) {
    check_layer({"{normalize, scale: true}", {shape}, normalize(false, true)});
  }
  check_layer({"{normalize: sample, scale: true}", {{3, 5, 7}}, normalize(true, true)});
  check_layer({"{normalize: channels, eps: 100}", {{3, 5}}, normalize(false, false, 100)});
}

TEST_CASE("normalize of nothing is nothing") {
  const LayerHarness layer("normalize", {{3}});
  const RunResult result = layer.run({}, 1, 1, {{0, 0, 0}}, {}, {1, 0, 0});
  CHECK(result.out == std::vector<float>{0, 0, 0});
  CHECK(std::isfinite(result.grad_in[0][0]));
}

TEST_CASE("normalize's scale begins as 1") {
  const LayerPlan plan = LayerHarness("{normalize, scale: true}", {{6, 2, 2}}).plan();
  REQUIRE(plan.parameters.size() == 1);
  CHECK(plan.parameters[0].shape == Shape{6});
  CHECK(plan.parameters[0].init.value == 1);
  CHECK(setup_error("{normalize: rows}", {{4}}) != "");
  CHECK(setup_error("{normalize, eps: 0}", {{4}}) != "");
}

}  // namespace cnn

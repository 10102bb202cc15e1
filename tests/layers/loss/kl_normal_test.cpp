#include <cmath>

#include "support/catch.h"
#include "support/check_layer.h"

namespace cnn {
namespace {

auto divergence(bool sum) {
  return [sum](const ReferenceCall& call) {
    const auto count = static_cast<size_t>(call.shapes[0].count());
    Numbers out;
    for (size_t n = 0; n < static_cast<size_t>(call.batch); ++n) {
      double loss = 0;
      for (size_t i = n * count; i < (n + 1) * count; ++i) {
        const double m = call.inputs[0][i], v = call.inputs[1][i];
        loss += (m * m + std::exp(v) - 1 - v) / 2;
      }
      out.push_back(loss);
      out.push_back(sum ? 1 : static_cast<double>(count));
    }
    return out;
  };
}

}  // namespace

TEST_CASE("kl_normal matches the reference") {
  for (const Shape& shape : shapes_of_every_rank()) {
    check_layer({"{kl_normal: [m, v]}", {shape, shape}, divergence(true)});
  }
  check_layer({"{kl_normal: [m, v], reduction: mean}", {{20}, {20}}, divergence(false)});
}

TEST_CASE("the standard normal distribution costs nothing") {
  const LayerHarness layer("{kl_normal: [m, v]}", {{2}, {2}});
  const RunResult result = layer.run({}, 1, 1, {{0, 0}, {0, 0}}, {}, {});
  CHECK(result.out == std::vector<float>{0, 1});
  CHECK(result.grad_in[0] == std::vector<float>{0, 0});
  CHECK(result.grad_in[1] == std::vector<float>{0, 0});
}

TEST_CASE("kl_normal wants mean and log variance of one shape") {
  CHECK(setup_error("{kl_normal: [m, v]}", {{3}, {4}}).find("[4]") != std::string::npos);
}

}  // namespace cnn

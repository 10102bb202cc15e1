#include <cmath>

#include "reference/index.h"
#include "support/catch.h"
#include "support/check_layer.h"

namespace cnn {
namespace {

// Every sample reports the value of the batch.
auto sparsity(double rho, bool mean = false) {
  return [rho, mean](const ReferenceCall& call) {
    const Shape& shape = call.shapes[0];
    const auto rows = static_cast<double>(call.batch * shape.positions());
    double loss = 0;
    for (int64_t c = 0; c < shape.channels(); ++c) {
      double q = 0;
      for (int64_t n = 0; n < call.batch; ++n) {
        for (int64_t p = 0; p < shape.positions(); ++p) {
          q += call.inputs[0][reference::file_index(shape, n, c, p)] / rows;
        }
      }
      loss += rho * std::log(rho / q) + (1 - rho) * std::log((1 - rho) / (1 - q));
    }
    if (mean) loss /= static_cast<double>(shape.channels());
    Numbers out;
    for (int64_t n = 0; n < call.batch; ++n) out.insert(out.end(), {loss, 1});
    return out;
  };
}

// Activations as a sigmoid gives them.
void squeeze(std::vector<Numbers>& inputs) {
  for (double& x : inputs[0]) x = static_cast<float>(0.2 * x + 0.5);
}

}  // namespace

TEST_CASE("kl_sparsity matches the reference, which couples the samples of a batch") {
  for (const Shape& shape : shapes_of_every_rank()) {
    LayerCase layer_case{"{kl_sparsity: x}", {shape}, sparsity(0.05)};
    layer_case.prepare = squeeze;
    check_layer(layer_case);
  }
  LayerCase mean{"{kl_sparsity: x, rho: 0.3, reduction: mean}", {{17}}, sparsity(0.3, true)};
  mean.prepare = squeeze;
  check_layer(mean);
}

TEST_CASE("kl_sparsity costs nothing where means are rho, and pulls dead units up") {
  const LayerHarness layer("{kl_sparsity: x, rho: 0.25}", {{2}});
  const RunResult result = layer.run({}, 2, 2, {{0.5, 0, 0, 0}}, {}, {});
  CHECK(std::isfinite(result.out[0]));
  CHECK(result.grad_in[0][0] == Approx(0).margin(1e-6));
  CHECK(result.grad_in[0][1] < -1000);
  CHECK(layer.run({}, 1, 1, {{0.25, 0.25}}, {}, {}).out[0] == Approx(0).margin(1e-7));
}

TEST_CASE("kl_sparsity's rho lies between 0 and 1") {
  CHECK(setup_error("{kl_sparsity: x, rho: 0}", {{3}}) != "");
  CHECK(setup_error("{kl_sparsity: x, rho: 1}", {{3}}) != "");
}

}  // namespace cnn

// References of layers whose output i depends on input i alone.
#pragma once

#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.h"
#include "support/check_layer.h"

namespace cnn::reference {

inline std::function<Numbers(const ReferenceCall&)> elementwise(
    std::function<double(double)> function) {
  return [function = std::move(function)](const ReferenceCall& call) {
    Numbers out = call.inputs[0];
    for (double& x : out) x = function(x);
    return out;
  };
}

// Runs check_layer for an activation on small shapes, with inputs in (-1.8, 1.8) and in (-9.4, 9.4)
// (none of them at -6, -3, -1, 0, 1, 3 or 6); then NaN, which must pass, and huge numbers, whose
// outputs and gradients must be finite.
inline void check_activation(const std::string& item, const std::function<double(double)>& f) {
  for (const Shape& shape : shapes_of_every_rank()) {
    if (shape.count() > 1000) continue;  // how loops are cut is tested with relu and silu
    for (const double factor : {0.9, 4.7}) {
      LayerCase layer_case{item, {shape}, elementwise(f)};
      layer_case.prepare = [factor](std::vector<Numbers>& inputs) {
        for (double& x : inputs[0]) x = static_cast<float>(factor * x);
      };
      check_layer(layer_case);
    }
  }
  const LayerHarness layer(item, {{5}});
  const RunResult result = layer.run({}, 1, 1, {{1e30, -1e30, 50, -50, NAN}}, {}, {1, 1, 1, 1, 1});
  for (size_t i = 0; i < 4; ++i) {
    CHECK(std::isfinite(result.out[i]));
    CHECK(std::isfinite(result.grad_in[0][i]));
  }
  CHECK(result.out[2] == Approx(f(50)));
  CHECK(result.out[3] == Approx(f(-50)).margin(1e-10));
  CHECK(std::isnan(result.out[4]));
}

}  // namespace cnn::reference

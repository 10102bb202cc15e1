// Naive losses of numbers against numbers: `cost(x, t)` of every number that is not ignored, times
// the weight of its position.
#pragma once

#include <cmath>
#include <functional>
#include <optional>
#include <utility>

#include "reference/index.h"
#include "support/check_layer.h"

namespace cnn::reference {

using NumberCost = std::function<double(double x, double t)>;

// With a third input it holds the weights.
inline std::function<Numbers(const ReferenceCall&)> value_loss(
    NumberCost cost, bool sum = false, std::optional<double> ignore = std::nullopt) {
  return [cost = std::move(cost), sum, ignore](const ReferenceCall& call) {
    const Shape& shape = call.shapes[0];
    Numbers out;
    for (int64_t n = 0; n < call.batch; ++n) {
      double loss = 0, count = 0;
      for (int64_t p = 0; p < shape.positions(); ++p) {
        for (int64_t c = 0; c < shape.channels(); ++c) {
          const size_t i = file_index(shape, n, c, p);
          const double target = call.inputs[1][i];
          if (ignore && std::abs(target - *ignore) < 0.5) continue;  // a difference stays ignored
          const double weight = call.inputs.size() > 2
                                    ? call.inputs[2][static_cast<size_t>(n * shape.positions() + p)]
                                    : 1;
          loss += weight * cost(call.inputs[0][i], target);
          count += weight;
        }
      }
      out.push_back(loss);
      out.push_back(sum ? 1 : count);
    }
    return out;
  };
}

inline void make_positive(Numbers& numbers) {
  for (double& x : numbers) x = static_cast<float>(x < 0 ? -x : x);
}

// Runs check_layer for the loss `item` ("{l1: x, target: y}") on every rank, for sums, with ignored
// targets and with weights. `prepare` brings the inputs to where the loss is defined.
inline void check_value_loss(
    const std::string& item, const NumberCost& cost,
    const std::function<void(std::vector<Numbers>&)>& prepare = [](std::vector<Numbers>&) {}) {
  const std::string open = item.substr(0, item.size() - 1);
  const Shape image{3, 5, 7};
  const auto check = [&](const std::string& more, const Shape& shape, bool sum,
                         std::optional<double> ignore, bool weighted) {
    LayerCase layer_case{open + more + "}", {shape}, value_loss(cost, sum, ignore)};
    layer_case.prepare = [&](std::vector<Numbers>& inputs) {
      prepare(inputs);
      if (weighted) make_positive(inputs[2]);
      if (!ignore) return;
      for (size_t i = 0; i < inputs[1].size(); i += 3) inputs[1][i] = *ignore;
    };
    check_layer(layer_case);
  };
  for (const Shape& shape : shapes_of_every_rank()) check("", shape, false, {}, false);
  check(", reduction: sum", image, true, {}, false);
  check(", ignore: 255", image, false, 255, false);
  check(", weights: w", image, false, {}, true);
  check(", weights: w, ignore: -100, reduction: sum", {2, 3, 4, 5}, true, -100, true);
  check(", weights: w, reduction: sum", {7}, true, {}, true);
}

}  // namespace cnn::reference

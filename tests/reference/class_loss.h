// Naive losses of class scores: `cost(row, target)` of every position that is not ignored.
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "reference/index.h"
#include "support/check_layer.h"

namespace cnn::reference {

using RowCost = std::function<double(const Numbers& scores, size_t target)>;

inline std::function<Numbers(const ReferenceCall&)> class_loss(
    RowCost cost, bool sum = false, std::optional<double> ignore = std::nullopt) {
  return [cost = std::move(cost), sum, ignore](const ReferenceCall& call) {
    const Shape& shape = call.shapes[0];
    Numbers out;
    for (int64_t n = 0; n < call.batch; ++n) {
      double loss = 0, count = 0;
      for (int64_t p = 0; p < shape.positions(); ++p) {
        Numbers row;
        for (int64_t c = 0; c < shape.channels(); ++c) {
          row.push_back(call.inputs[0][file_index(shape, n, c, p)]);
        }
        // With a third input it holds the weights.
        const double weight = call.inputs.size() > 2
                                  ? call.inputs[2][static_cast<size_t>(n * shape.positions() + p)]
                                  : 1;
        for (const auto& [target, share] : call.targets(n, p)) {
          if (ignore && target == *ignore) continue;
          loss += share * weight * cost(row, static_cast<size_t>(target));
        }
        if (!ignore || call.targets(n, p).front().number != *ignore) count += weight;
      }
      out.push_back(loss);
      out.push_back(sum ? 1 : count);
    }
    return out;
  };
}

// Runs check_layer for the loss `item` ("{hinge: x}") on vectors, sequences, images and volumes,
// for sums, with ignored positions and with weights. `smallest`: of the numbers of scores that it
// takes.
inline void check_class_loss(const std::string& item, const RowCost& cost, int64_t smallest) {
  for (const Shape& shape : {Shape{smallest}, Shape{smallest, 2, 3}, Shape{7}, Shape{3, 5},
                             Shape{3, 3, 4}, Shape{2, 2, 3, 2}, Shape{37}}) {
    check_layer({item, {shape}, class_loss(cost)});
  }
  const std::string open = item.substr(0, item.size() - 1);
  check_layer({open + ", reduction: sum}", {{3, 3, 4}}, class_loss(cost, true)});
  LayerCase ignoring{open + ", ignore: 255}", {{3, 3, 4}}, class_loss(cost, false, 255)};
  ignoring.prepare = [](std::vector<Numbers>& inputs) {
    for (size_t i = 0; i < inputs[1].size(); i += 3) inputs[1][i] = 255;
  };
  check_layer(ignoring);
  ignoring.is_mixed = true;
  check_layer(ignoring);
  LayerCase weighted{open + ", weights: w}", {{3, 3, 4}}, class_loss(cost)};
  weighted.prepare = [](std::vector<Numbers>& inputs) {
    for (double& w : inputs[2]) w = static_cast<float>(w < 0 ? -w : w);
  };
  check_layer(weighted);
}

}  // namespace cnn::reference

// diff: what two model files say differently, by key path. Order of keys, spelling of numbers
// (1e-3 is 0.001), comments, and a bare op against {op: ~} are no differences. Items of lists are
// matched like lines of a text, so that an inserted layer is one difference.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "spec/node.h"

namespace cnn {

struct SpecDifference {
  std::string path;  // "train.epochs", "layers.3.kernel"; of lists the place in the first file
  std::string name;  // of the innermost named item around it: "c3"
  const Node* first = nullptr;   // null: only in the second
  const Node* second = nullptr;  // null: only in the first
  bool is_order = false;         // the same keys in another order, where order is channel order
};

// Whether the order of the keys counts in a map that is the value of `key`: branches of a join.
using KeyOrder = bool (*)(std::string_view key);

// In the order of the first file. Points into `a` and `b`.
std::vector<SpecDifference> diff_specs(const Node& a, const Node& b, KeyOrder order_counts);

// "train.epochs      10 -> 20", a line each, as wide as they need.
std::string render_differences(const std::vector<SpecDifference>& differences);

}  // namespace cnn

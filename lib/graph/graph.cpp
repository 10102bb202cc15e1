#include "graph/graph.h"

#include <algorithm>

namespace cnn {

const GraphField* Graph::find_field(std::string_view name) const {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const GraphField& f) { return f.field.name == name; });
  return found == fields.end() ? nullptr : &*found;
}

// Aliases first: the name of an item with a folded activation means the activation's value.
int Graph::find_value(std::string_view name) const {
  for (const auto& [alias, value] : aliases) {
    if (alias == name) return value;
  }
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

int64_t Graph::macs() const {
  int64_t sum = 0;
  for (const GraphNode& node : nodes) sum += node.plan.macs;
  return sum;
}

}  // namespace cnn

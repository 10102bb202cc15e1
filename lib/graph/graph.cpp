#include "graph/graph.h"

#include <algorithm>

namespace cnn {

Graph Graph::clone() const {
  Graph copy;
  copy.name = name;
  copy.phase = phase;
  copy.fields = fields;
  copy.values = values;
  copy.lengths = lengths;
  copy.losses = losses;
  copy.outputs = outputs;
  copy.aliases = aliases;
  copy.blocks = blocks;
  for (const GraphNode& node : nodes) copy.nodes.push_back(node.clone());
  return copy;
}

GraphNode GraphNode::clone() const {
  CNN_ASSERT(absorbed.empty());
  GraphNode copy;
  static_cast<NodeFacts&>(copy) = *this;
  copy.layer = type->make.copy(*layer);
  return copy;
}

const GraphField* Graph::find_field(std::string_view name) const {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const GraphField& f) { return f.field.name == name; });
  return found == fields.end() ? nullptr : &*found;
}

int Graph::input_index() const {
  const auto found =
      std::find_if(fields.begin(), fields.end(), [](const GraphField& f) { return f.is_input; });
  return found == fields.end() ? -1 : static_cast<int>(found - fields.begin());
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

Items Graph::items(const Value& value) const {
  if (value.length < 0) return {};
  const ListLength& length = lengths[static_cast<size_t>(value.length)];
  return {length.most, true, length.varies};
}

// A layer that has absorbed others is called "NAME + ...".
int Graph::find_node(std::string_view name) const {
  const auto found = std::find_if(nodes.begin(), nodes.end(), [&](const GraphNode& node) {
    return node.name.starts_with(name) &&
           (node.name.size() == name.size() || node.name.substr(name.size(), 3) == " + ");
  });
  return found == nodes.end() ? -1 : static_cast<int>(found - nodes.begin());
}

int64_t Graph::macs() const {
  int64_t sum = 0;
  for (const GraphNode& node : nodes) sum += node.plan.macs * most_items(node.length);
  return sum;
}

}  // namespace cnn

#include "graph/cut.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.h"

namespace cnn {
namespace {

// The nodes that some output needs, among those that follow.
std::vector<char> needed_nodes(const Graph& graph, int start, const std::vector<char>& follows) {
  std::vector<char> wanted(graph.values.size(), 0), needed(graph.nodes.size(), 0);
  for (const NamedOutput& output : graph.outputs) wanted[static_cast<size_t>(output.value)] = 1;
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    const GraphNode& node = graph.nodes[i];
    const bool leads = std::any_of(node.outputs.begin(), node.outputs.end(), [&](int v) {
      const auto output = static_cast<size_t>(v);
      return wanted[output] != 0 && follows[output] != 0 && v != start;
    });
    if (node.is_loss() || !leads) continue;
    needed[i] = 1;
    for (const int input : node.inputs) {
      if (follows[static_cast<size_t>(input)] == 0) {
        fail(Exit::kSpec, "", "'{}' reads '{}', which does not follow from '{}'", node.name,
             graph.value(input).name, graph.value(start).name);
      }
      wanted[static_cast<size_t>(input)] = 1;
    }
    if (const int other = lender(graph, node); other >= 0) {
      const auto lent = static_cast<size_t>(graph.node(other).output());
      if (follows[lent] == 0 || static_cast<int>(lent) == start) {
        fail(Exit::kSpec, "", "'{}' needs what '{}' has found, which does not follow from '{}'",
             node.name, graph.values[lent].name, graph.value(start).name);
      }
      wanted[lent] = 1;
    }
  }
  return needed;
}

}  // namespace

std::vector<char> following(const Graph& graph, int start) {
  std::vector<char> follows(graph.values.size(), 0);
  follows[static_cast<size_t>(start)] = 1;
  for (const GraphNode& node : graph.nodes) {
    const bool reads = std::any_of(node.inputs.begin(), node.inputs.end(), [&](int input) {
      return follows[static_cast<size_t>(input)] != 0;
    });
    if (!reads || node.is_loss()) continue;
    for (const int v : node.outputs) follows[static_cast<size_t>(v)] = 1;
  }
  return follows;
}

void keep_nodes(Graph& graph, const std::vector<char>& needed) {
  std::vector<GraphNode> nodes;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (needed[i] != 0) nodes.push_back(std::move(graph.nodes[i]));
  }
  graph.nodes = std::move(nodes);
  std::erase_if(graph.losses,
                [&](const LossTerm& loss) { return needed[static_cast<size_t>(loss.node)] == 0; });
  for (LossTerm& loss : graph.losses) {
    loss.node = static_cast<int>(std::count(needed.begin(), needed.begin() + loss.node, 1));
  }
  for (Value& value : graph.values) {
    value.producer = -1;
    value.consumers.clear();
  }
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const int id = static_cast<int>(i);
    for (const int v : graph.nodes[i].outputs) graph.value(v).producer = id;
    for (const int input : graph.nodes[i].inputs) {
      std::vector<int>& consumers = graph.value(input).consumers;
      if (consumers.empty() || consumers.back() != id) consumers.push_back(id);
    }
  }
}

int lender(const Graph& graph, const GraphNode& node) {
  const bool borrows =
      std::any_of(node.plan.memory.begin(), node.plan.memory.end(),
                  [](const MemoryRequest& request) { return request.borrowed >= 0; });
  return borrows ? graph.find_node(node.named->node) : -1;
}

GraphField field_of(const Graph& graph, int id) {
  const Value& value = graph.value(id);
  GraphField field;
  field.field.name = value.name;
  field.field.shape = value.shape;
  field.field.kind = value.kind;
  field.field.classes = value.classes;
  field.field.items = graph.items(value);
  field.value = id;
  field.is_input = true;
  return field;
}

void replace_by_fields(Graph& graph, const std::vector<char>& gone,
                       const std::vector<int>& values) {
  std::vector<char> kept, is_gone(graph.values.size(), 0);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    kept.push_back(gone[i] == 0);
    if (gone[i] == 0) continue;
    for (const int v : graph.nodes[i].outputs) is_gone[static_cast<size_t>(v)] = 1;
  }
  for (const int v : values) is_gone[static_cast<size_t>(v)] = 0;
  std::erase_if(graph.outputs, [&](const NamedOutput& output) {
    return is_gone[static_cast<size_t>(output.value)] != 0;
  });
  keep_nodes(graph, kept);
  for (const int v : values) graph.fields.push_back(field_of(graph, v));
}

void forget_unused_lists(Graph& graph) {
  const auto is_list = [&](int v) { return graph.value(v).length >= 0; };
  for (const GraphNode& node : graph.nodes) {
    if (std::any_of(node.inputs.begin(), node.inputs.end(), is_list)) return;
    if (std::any_of(node.outputs.begin(), node.outputs.end(), is_list)) return;
  }
  for (Value& value : graph.values) value.length = -1;
  graph.lengths.clear();
}

void start_at(Graph& graph, int start, const std::string& field) {
  CNN_ASSERT(start >= 0 && static_cast<size_t>(start) < graph.values.size());
  const std::vector<char> follows = following(graph, start);
  const std::string& name = graph.value(start).name;
  std::erase_if(graph.outputs, [&](const NamedOutput& output) {
    return output.value == start || follows[static_cast<size_t>(output.value)] == 0;
  });
  if (graph.outputs.empty()) fail(Exit::kSpec, "", "no output follows from '{}'", name);
  const std::vector<char> needed = needed_nodes(graph, start, follows);
  keep_nodes(graph, needed);
  const Shape& shape = graph.value(start).shape;
  graph.fields = {{{field, shape, FieldKind::kValues, 0}, start, true}};
}

void end_at(Graph& graph, const std::vector<int>& values) {
  std::vector<char> wanted(graph.values.size(), 0), needed(graph.nodes.size(), 0);
  graph.outputs.clear();
  for (const int v : values) {
    const auto i = static_cast<size_t>(v);
    if (wanted[i] == 0) graph.outputs.push_back({graph.values[i].name, v});
    wanted[i] = 1;
  }
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    const GraphNode& node = graph.nodes[i];
    const bool leads = std::any_of(node.outputs.begin(), node.outputs.end(),
                                   [&](int v) { return wanted[static_cast<size_t>(v)] != 0; });
    if (node.is_loss() || !leads) continue;
    needed[i] = 1;
    for (const int input : node.inputs) wanted[static_cast<size_t>(input)] = 1;
    if (const int other = lender(graph, node); other >= 0) {
      wanted[static_cast<size_t>(graph.node(other).output())] = 1;
    }
  }
  keep_nodes(graph, needed);
  std::erase_if(graph.fields, [](const GraphField& field) { return !field.is_input; });
}

}  // namespace cnn

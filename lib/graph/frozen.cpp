#include "graph/frozen.h"

#include <algorithm>

#include "base/error.h"
#include "graph/cut.h"

namespace cnn {
namespace {

size_t index(int id) { return static_cast<size_t>(id); }

bool is_constant_by_itself(const Graph& graph, const GraphNode& node, const ParameterStore& store) {
  if (node.is_loss() || node.plan.draws) return false;
  const bool is_fitted = node.layer->fitter() != nullptr;
  for (const int id : node.parameters) {
    const Parameter& parameter = store.at(id);
    if (!parameter.frozen && !(is_fitted && !parameter.request.learned)) return false;
  }
  for (const MemoryRequest& request : node.plan.memory) {
    if (request.use == MemoryRequest::Use::kCarried) return false;
  }
  return std::none_of(node.outputs.begin(), node.outputs.end(), [&](int v) {
    const int length = graph.value(v).length;
    return length >= 0 && graph.lengths[index(length)].source == v;
  });
}

bool has_twin(const Graph& graph, const GraphNode& node, const ParameterStore& store,
              const Graph& twin) {
  const int id = twin.find_node(node.name);
  if (id < 0) return false;
  const GraphNode& other = twin.node(id);
  const auto reads_same = [&](int a, int b) { return graph.value(a).name == twin.value(b).name; };
  return other.type == node.type && is_constant_by_itself(twin, other, store) &&
         std::equal(node.inputs.begin(), node.inputs.end(), other.inputs.begin(),
                    other.inputs.end(), reads_same);
}

bool has_frozen_weights(const GraphNode& node, const ParameterStore& store) {
  return std::any_of(node.parameters.begin(), node.parameters.end(),
                     [&](int id) { return store.at(id).request.learned && store.at(id).frozen; });
}

}  // namespace

std::vector<char> constant_nodes(const Graph& graph, const ParameterStore& store,
                                 const std::vector<char>& drawn, const Graph* twin) {
  std::vector<char> own;
  for (const GraphNode& node : graph.nodes) {
    own.push_back(is_constant_by_itself(graph, node, store) &&
                  (twin == nullptr || has_twin(graph, node, store, *twin)));
  }
  for (;;) {
    std::vector<char> constant(graph.nodes.size(), 0), values(graph.values.size(), 0);
    for (size_t i = 0; i < graph.fields.size(); ++i) {
      values[index(graph.fields[i].value)] = drawn.empty() || drawn[i] == 0;
    }
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
      const GraphNode& node = graph.nodes[i];
      constant[i] = own[i] != 0 && std::all_of(node.inputs.begin(), node.inputs.end(),
                                               [&](int v) { return values[index(v)] != 0; });
      for (const int v : node.outputs) values[index(v)] = constant[i];
    }
    // Whoever lends memory to a layer that is run with every batch must be run with it.
    bool is_settled = true;
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
      const int other = constant[i] != 0 ? -1 : lender(graph, graph.nodes[i]);
      if (other < 0 || constant[index(other)] == 0) continue;
      own[index(other)] = 0;
      is_settled = false;
    }
    if (is_settled) return constant;
  }
}

std::vector<char> nodes_of_names(const Graph& from, const std::vector<char>& marked,
                                 const Graph& to) {
  std::vector<char> found(to.nodes.size(), 0);
  for (size_t i = 0; i < from.nodes.size(); ++i) {
    const int node = marked[i] != 0 ? to.find_node(from.nodes[i].name) : -1;
    if (node >= 0) found[index(node)] = 1;
  }
  return found;
}

FrozenBeginning frozen_beginning(const Graph& graph, const ParameterStore& store,
                                 const std::vector<char>& constant, const std::vector<int>& keep) {
  FrozenBeginning found;
  found.nodes.assign(graph.nodes.size(), 0);
  std::vector<char> follows(graph.values.size(), 0);  // from frozen weights
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const GraphNode& node = graph.nodes[i];
    if (constant[i] == 0) continue;
    found.nodes[i] = has_frozen_weights(node, store) ||
                     std::any_of(node.inputs.begin(), node.inputs.end(),
                                 [&](int v) { return follows[index(v)] != 0; });
    for (const int v : node.outputs) follows[index(v)] = found.nodes[i];
  }
  std::vector<char> is_seen(graph.values.size(), 0);
  for (const int v : keep) is_seen[index(v)] = 1;
  for (const NamedOutput& output : graph.outputs) {
    if (follows[index(output.value)] == 0) is_seen[index(output.value)] = 1;
  }
  const auto is_read_by_others = [&](int v) {
    const std::vector<int>& consumers = graph.value(v).consumers;
    return is_seen[index(v)] != 0 || std::any_of(consumers.begin(), consumers.end(),
                                                 [&](int c) { return found.nodes[index(c)] == 0; });
  };
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    const GraphNode& node = graph.nodes[i];
    if (constant[i] == 0 || found.nodes[i] != 0) continue;
    const bool leads = std::any_of(node.outputs.begin(), node.outputs.end(),
                                   [&](int v) { return !graph.value(v).consumers.empty(); });
    found.nodes[i] =
        leads && std::none_of(node.outputs.begin(), node.outputs.end(), is_read_by_others);
  }
  // A layer that borrows is run where its lender is.
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const int other = found.nodes[i] != 0 ? -1 : lender(graph, graph.nodes[i]);
    if (other >= 0 && found.nodes[index(other)] != 0) return {};
  }
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (found.nodes[i] == 0) continue;
    ++found.layers;
    if (has_frozen_weights(graph.nodes[i], store)) {
      found.macs += graph.nodes[i].plan.macs * graph.most_items(graph.nodes[i].length);
    }
    for (const int v : graph.nodes[i].outputs) {
      if (is_read_by_others(v)) found.values.push_back(v);
    }
  }
  std::sort(found.values.begin(), found.values.end());
  return found;
}

}  // namespace cnn

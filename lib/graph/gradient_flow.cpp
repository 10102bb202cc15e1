#include "graph/gradient_flow.h"

#include <algorithm>

namespace cnn {
namespace {

bool is_blind(const GraphNode& node, size_t input) {
  return static_cast<int>(input) == node.plan.blind_input;
}

bool trains(const GraphNode& node, const ParameterStore& store) {
  return std::any_of(node.parameters.begin(), node.parameters.end(),
                     [&](int id) { return store.at(id).trains(); });
}

// By value: a gradient of it leads to something that the pass asks for.
std::vector<char> wanted_values(const Graph& graph, const Pass& pass, const ParameterStore& store) {
  std::vector<char> wanted(graph.values.size(), 0);
  if (pass.gradients == Pass::Gradients::kInput) {
    for (const GraphField& field : graph.fields) {
      const bool is_number = field.field.kind == FieldKind::kValues;
      wanted[static_cast<size_t>(field.value)] = field.is_input && is_number;
    }
  }
  for (const GraphNode& node : graph.nodes) {
    bool any = pass.gradients == Pass::Gradients::kParameters && trains(node, store);
    for (size_t k = 0; k < node.inputs.size(); ++k) {
      any = any || (wanted[static_cast<size_t>(node.inputs[k])] && !is_blind(node, k));
    }
    for (const int v : node.outputs) {
      wanted[static_cast<size_t>(v)] = any && graph.value(v).passes_gradients;
    }
  }
  return wanted;
}

}  // namespace

GradientFlow gradient_flow(const Graph& graph, const Pass& pass, const ParameterStore& store,
                           const std::vector<int>& starts) {
  using Write = GradientFlow::Write;
  GradientFlow flow;
  flow.runs.assign(graph.nodes.size(), 0);
  flow.has_gradient.assign(graph.values.size(), 0);
  for (const GraphNode& node : graph.nodes) {
    flow.inputs.emplace_back(node.inputs.size(), Write::kNone);
    flow.parameters.emplace_back(node.parameters.size(), Write::kNone);
  }
  if (pass.gradients == Pass::Gradients::kNone) return flow;
  for (const int v : starts) flow.has_gradient[static_cast<size_t>(v)] = 1;

  const std::vector<char> wanted = wanted_values(graph, pass, store);
  std::vector<char> parameter_written(store.all().size(), 0);
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    const GraphNode& node = graph.nodes[i];
    const bool begins = node.is_loss() && node.runs_in(pass);
    const bool is_on_way = std::any_of(node.outputs.begin(), node.outputs.end(), [&](int v) {
      const auto output = static_cast<size_t>(v);
      return wanted[output] && (begins || flow.has_gradient[output]);
    });
    if (!is_on_way) continue;
    flow.runs[i] = 1;
    for (size_t k = 0; k < node.inputs.size(); ++k) {
      const auto v = static_cast<size_t>(node.inputs[k]);
      if (!wanted[v] || is_blind(node, k)) continue;
      flow.inputs[i][k] = flow.has_gradient[v] ? Write::kAdd : Write::kOverwrite;
      flow.has_gradient[v] = 1;
    }
    if (pass.gradients != Pass::Gradients::kParameters) continue;
    for (size_t k = 0; k < node.parameters.size(); ++k) {
      const auto id = static_cast<size_t>(node.parameters[k]);
      if (!store.all()[id].trains()) continue;
      flow.parameters[i][k] = parameter_written[id] ? Write::kAdd : Write::kOverwrite;
      parameter_written[id] = 1;
    }
  }
  return flow;
}

}  // namespace cnn

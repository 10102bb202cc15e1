#include "graph/builder.h"

#include <span>

#include "graph/builder/expander.h"
#include "graph/builder/heads.h"
#include "graph/builder/parameter_rules.h"

namespace cnn {
namespace {

using namespace build;

Shape input_shape(const ModelInput& input, Diagnostics& diagnostics) {
  const auto& [name, sizes, steps, varies, classes, mark] = input;
  if (sizes.empty() || sizes.size() > 4) {
    diagnostics.report(mark,
                       fmt::format("input '{}' needs 1 to 4 sizes, found {}", name, sizes.size()),
                       "write [C, H, W]");
    return {};
  }
  try {
    return Shape(std::span<const int64_t>(sizes));
  } catch (const Error& error) {
    diagnostics.report(mark,
                       fmt::format("input '{}': {}", name, error.diagnostics().front().problem));
    return {};
  }
}

// The inputs become values; the first is `in` and `prev` of the top level.
void add_inputs(const ModelSpec& spec, Names& names, GraphWriter& writer, List& top, Body& body,
                Diagnostics& diagnostics) {
  if (spec.inputs.empty()) {
    diagnostics.report(spec.root.mark(), "the model has no 'input'",
                       "write input: {image: [1, 28, 28]}");
  }
  for (size_t i = 0; i < spec.inputs.size(); ++i) {
    const ModelInput& input = spec.inputs[i];
    const auto& [name, mark] = std::tie(input.name, input.mark);
    const bool has_name =
        check_name(name, mark, "input", diagnostics) && names.open(name, mark, diagnostics);
    Field field{name, input_shape(input, diagnostics)};
    if (input.classes > 0) field.kind = FieldKind::kClass;
    field.classes = input.classes;
    if (input.steps > 0) field.items = {input.steps, true, input.varies};
    const int value = field.shape.rank() > 0 ? writer.add_input(std::move(field)) : kUnknown;
    if (has_name) names.close(name, value);
    if (i == 0) top.previous = body.input = value;
  }
}

// Every name that is not simply that of the layer that makes its value.
void add_aliases(const Names& names, Graph& graph) {
  for (const std::string& path : names.paths()) {
    const Binding& binding = *names.at(path);
    const bool has_value =
        binding.state == Binding::State::kPresent || binding.state == Binding::State::kDroppedByIf;
    if (!has_value || binding.value == kUnknown) continue;
    if (graph.value(binding.value).name != path) {
      graph.aliases.emplace_back(path, binding.value);
    }
  }
}

void build_into(const ModelSpec& spec, Graph& graph, ParameterStore& store,
                Diagnostics& diagnostics) {
  const Ops ops(spec.section("blocks"), diagnostics);
  const Defaults defaults(spec, ops, diagnostics);
  Edits edits(spec.section("edit"), ops, diagnostics);
  Names names;
  const Evaluator evaluate(spec.vars, names, graph, diagnostics);
  GraphWriter writer(graph, store, diagnostics);
  LayerMaker maker(defaults, evaluate, names, writer, diagnostics);
  const Context context{graph.phase, ops,    defaults, evaluate,   names,
                        edits,       writer, maker,    diagnostics};

  const Node* layers = spec.section("layers");
  const bool has_layers = layers && layers->is_list() && !layers->items().empty();
  if (!has_layers) {
    const bool is_empty = layers && (layers->is_null() || layers->is_list());
    diagnostics.report(layers ? layers->mark() : spec.root.mark(),
                       !layers    ? "the model has no 'layers'"
                       : is_empty ? "'layers' is empty"
                                  : "'layers' expects a list of items, found " + layers->describe(),
                       "write layers: [flatten, {linear: 10}]");
  }
  Body body;
  List top(body, has_layers ? std::span<const Node>(layers->items()) : std::span<const Node>());
  add_inputs(spec, names, writer, top, body, diagnostics);
  Expander(context).expand(top);
  add_aliases(names, graph);
  Heads heads(spec, context, top, graph);
  heads.add_losses();
  heads.add_outputs();
  edits.report_unmatched(names, diagnostics);
  if (diagnostics.empty() && graph.phase == Phase::kTrain) heads.check_unused();
  apply_parameter_rules(spec, diagnostics.empty() && graph.phase == Phase::kTrain, store,
                        diagnostics);
}

Graph empty_graph(const ModelSpec& spec, Phase phase) {
  Graph graph;
  graph.name = spec.name;
  graph.phase = phase;
  return graph;
}

}  // namespace

Graph build_graph(const ModelSpec& spec, Phase phase, ParameterStore& store) {
  Graph graph = empty_graph(spec, phase);
  Diagnostics diagnostics;
  build_into(spec, graph, store, diagnostics);
  diagnostics.throw_if_any();
  return graph;
}

PartialGraph build_partial_graph(const ModelSpec& spec, Phase phase, ParameterStore& store) {
  PartialGraph result{empty_graph(spec, phase), {}};
  Diagnostics diagnostics;
  try {
    build_into(spec, result.graph, store, diagnostics);
    diagnostics.throw_if_any();
  } catch (const Error& error) {
    result.problems = error.diagnostics();
  }
  return result;
}

}  // namespace cnn

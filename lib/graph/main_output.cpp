#include "graph/main_output.h"

namespace cnn {

std::optional<MainOutput> main_output(const Graph& graph) {
  if (graph.losses.empty()) return std::nullopt;
  const GraphNode& loss = graph.node(graph.losses.front().node);
  for (size_t i = 0; i < loss.inputs.size() && i < loss.plan.fields.size(); ++i) {
    const Field& field = loss.plan.fields[i];
    if (field.shape.rank() == 0) continue;  // no target
    MainOutput output;
    output.value = loss.inputs.front();
    output.target = loss.inputs[i];
    if (field.kind == FieldKind::kClass) output.meaning = MainOutput::Meaning::kClassScores;
    output.link = loss.plan.link;
    output.ignored = loss.plan.ignored_class;
    return output;
  }
  return std::nullopt;
}

int sample_scores(const Graph& graph) {
  const std::optional<MainOutput> output = main_output(graph);
  if (!output || !output->is_classes()) return -1;
  const Value& value = graph.value(output->value);
  return value.shape.rank() == 1 && value.length < 0 ? output->value : -1;
}

}  // namespace cnn

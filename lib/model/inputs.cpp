#include "model/inputs.h"

#include "base/error.h"
#include "data/table_rows.h"
#include "graph/main_output.h"
#include "model/feed.h"

namespace cnn {

const GraphField& only_input(const Graph& graph, std::string_view what) {
  const GraphField* found = nullptr;
  for (const GraphField& field : graph.fields) {
    if (!field.is_input) continue;
    if (found != nullptr) {
      fail(Exit::kUsage, "", "{} takes models with one input; '{}' has '{}' and '{}'", what,
           graph.name, found->field.name, field.field.name);
    }
    found = &field;
  }
  CNN_ASSERT(found != nullptr);
  return *found;
}

InputReading input_reading(const GraphField& input, const WeightsInfo& weights) {
  InputReading reading{input.field, byte_normalization(weights)};
  reading.is_guess = !weights.knows_normalization;
  reading.look = weights.look;
  reading.columns = columns_of(weights.input_names, weights.categories);
  reading.categories = weights.categories;
  reading.numbers = weights.normalization;
  const Field& field = input.field;
  const auto standard = weights.standards.find(field.name);
  const bool fits = standard != weights.standards.end() &&
                    std::ssize(standard->second.mean) == field.shape.channels();
  if (fits) reading.standard = standard->second;
  const auto known = weights.vocabularies.find(field.name);
  const auto vocabulary = known == weights.vocabularies.end() ? weights.vocabulary : known->second;
  const bool reads_text = vocabulary && field.kind == FieldKind::kClass && field.items.is_list &&
                          field.shape.count() == 1 &&
                          (field.classes == 0 || vocabulary->size() <= field.classes);
  if (reads_text) reading.vocabulary = vocabulary;
  return reading;
}

DataReader data_reader(const Graph& graph, const WeightsInfo* weights) {
  DataReader reader;
  reader.fields = wanted_fields(graph);
  const std::optional<MainOutput> output = main_output(graph);
  const int producer = output ? graph.value(output->value).producer : -1;
  reader.tells_any_number = producer >= 0 && !output->is_classes() && output->link == Link::kNone &&
                            !output->ignored &&
                            graph.node(producer).type->role == LayerType::Role::kLayer &&
                            graph.node(producer).type->makes == Link::kNone;
  for (const Field& field : reader.fields) {
    if (output && field.name == graph.value(output->target).name && field.range) {
      reader.tells_any_number = false;
    }
  }
  if (weights == nullptr) return reader;
  if (weights->knows_normalization) reader.normalization = weights->normalization;
  reader.known = {columns_of(weights->input_names, weights->categories), weights->categories,
                  weights->value_names, weights->standards};
  return reader;
}

Standard standard_of(const Graph& graph, const Standards& standards, int value) {
  for (const LossTerm& term : graph.losses) {
    const GraphNode& loss = graph.node(term.node);
    if (loss.inputs.front() != value) continue;
    for (size_t i = 1; i < loss.inputs.size() && i < loss.plan.fields.size(); ++i) {
      const Value& target = graph.value(loss.inputs[i]);
      if (loss.plan.fields[i].shape.rank() == 0 || target.producer >= 0) continue;
      const auto found = standards.find(target.name);
      const bool fits = found != standards.end() &&
                        std::ssize(found->second.mean) == graph.value(value).shape.channels();
      if (fits) return found->second;
      break;  // the target is the first of them
    }
  }
  return {};
}

Normalization byte_normalization(const WeightsInfo& weights) {
  return weights.normalization.of_bytes();
}

}  // namespace cnn

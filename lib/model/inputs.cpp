#include "model/inputs.h"

#include "base/error.h"

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
  reading.columns = weights.input_names;
  reading.numbers = weights.normalization;
  const Field& field = input.field;
  const bool reads_text = weights.vocabulary && field.kind == FieldKind::kClass &&
                          field.items.is_list && field.shape.count() == 1 &&
                          (field.classes == 0 || weights.vocabulary->size() <= field.classes);
  if (reads_text) reading.vocabulary = weights.vocabulary;
  return reading;
}

Normalization byte_normalization(const WeightsInfo& weights) {
  return weights.normalization.of_bytes();
}

}  // namespace cnn

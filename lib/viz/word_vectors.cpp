#include "viz/word_vectors.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "data/vocabulary.h"
#include "viz/text_network.h"

namespace cnn {
namespace {

// The field that class numbers come from, moved or not.
const GraphField* field_of(const Graph& graph, int value) {
  while (graph.value(value).producer >= 0) {
    value = graph.node(graph.value(value).producer).inputs.front();
  }
  for (const GraphField& field : graph.fields) {
    if (field.value == value) return &field;
  }
  return nullptr;
}

}  // namespace

bool has_vectors(const GraphNode& node, const ParameterStore& store) {
  if (node.is_loss() || !node.type->reads_classes || node.parameters.empty()) return false;
  const Shape& shape = store.at(node.parameters.front()).request.shape;
  const OutputPlan& out = node.plan.outputs.front();
  return shape.rank() == 2 && out.shape.rank() == 1 && shape[1] == out.shape[0];
}

WordVectors word_vectors(const Graph& graph, const GraphNode& node, const ParameterStore& store,
                         const WeightsInfo& weights) {
  const int parameter = node.parameters.front();
  const Shape& shape = store.at(parameter).request.shape;
  WordVectors vectors;
  vectors.width = shape[1];
  vectors.rows = store.export_values(parameter);
  const GraphField* field = field_of(graph, node.inputs.front());
  const auto known =
      field == nullptr ? weights.vocabularies.end() : weights.vocabularies.find(field->field.name);
  const TextVocabulary* vocabulary =
      known == weights.vocabularies.end() ? nullptr : known->second.get();
  const std::vector<std::string> none;
  const std::vector<std::string>& classes = field == nullptr ? none : field->field.class_names;
  if (vocabulary != nullptr && vocabulary->has_edge()) vectors.first = 2;
  // There may be more rows than symbols: these mean nothing.
  const int64_t count = vocabulary == nullptr ? shape[0] : std::min(shape[0], vocabulary->size());
  for (int64_t i = 0; i < count; ++i) {
    const auto at = static_cast<size_t>(i);
    vectors.names.push_back(vocabulary != nullptr ? visible_symbol(*vocabulary, i)
                            : at < classes.size() ? classes[at]
                                                  : std::to_string(i));
  }
  vectors.rows.resize(static_cast<size_t>(count * vectors.width));
  return vectors;
}

int64_t WordVectors::number(const std::string& word) const {
  for (const std::string& meant : {word, lowered(word)}) {
    const auto found = std::find(names.begin(), names.end(), meant);
    if (found != names.end()) return found - names.begin();
  }
  Diagnostic d;
  d.problem = fmt::format("--nearest: '{}' is none of the {} symbols", word, with_commas(size()));
  if (const auto near = cnn::nearest(word, names)) {
    d.notes.push_back(fmt::format("did you mean '{}'?", *near));
  }
  throw Error(Exit::kUsage, {std::move(d)});
}

std::vector<std::pair<int64_t, double>> WordVectors::nearest(int64_t i, int64_t count) const {
  const auto product = [&](int64_t a, int64_t b) {
    double sum = 0;
    for (int64_t d = 0; d < width; ++d) {
      sum += static_cast<double>(row(a)[d]) * static_cast<double>(row(b)[d]);
    }
    return sum;
  };
  const double own = product(i, i);
  std::vector<std::pair<int64_t, double>> others;
  for (int64_t j = first; j < size(); ++j) {
    if (j == i) continue;
    const double lengths = std::sqrt(own * product(j, j));
    others.emplace_back(j, lengths > 0 ? product(i, j) / lengths : 0);
  }
  std::stable_sort(others.begin(), others.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  others.resize(std::min(others.size(), static_cast<size_t>(count)));
  return others;
}

}  // namespace cnn

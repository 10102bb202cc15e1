#include "model/class_balance.h"

#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/text.h"
#include "data/catalogue.h"
#include "data/class_counts.h"
#include "graph/builder.h"
#include "layers/class_numbers.h"
#include "model/feed.h"
#include "model/settings.h"

namespace cnn {
namespace {

bool says_balanced(const Node& value) {
  return value.is_scalar() && value.text() == ClassWeights::kBalanced;
}

// The terms of `loss:`, one or a list of them.
std::vector<Node*> terms_of(Node& loss) {
  std::vector<Node*> terms;
  if (loss.is_map()) terms.push_back(&loss);
  if (loss.is_list()) {
    for (Node& term : loss.items()) terms.push_back(&term);
  }
  return terms;
}

// The options of a term that say so.
std::vector<Node*> balanced_in(Node& term) {
  std::vector<Node*> found;
  if (!term.is_map()) return found;
  for (Entry& option : term.entries()) {
    if (says_balanced(option.value)) found.push_back(&option.value);
  }
  return found;
}

// The class numbers that a loss compares with.
const Field* target_of(const Graph& graph, const GraphNode& loss) {
  for (const int value : loss.inputs) {
    for (const GraphField& field : graph.fields) {
      if (field.value == value && field.field.kind == FieldKind::kClass) return &field.field;
    }
  }
  return nullptr;
}

Node numbers_node(const std::vector<double>& numbers, const Mark& mark) {
  std::vector<Node> items;
  for (const double n : numbers) items.push_back(Node::scalar(fmt::format("{:.6g}", n), mark));
  return Node::list(std::move(items), mark);
}

}  // namespace

ModelSpec with_class_weights(const ModelSpec& spec) {
  ModelSpec result = spec;
  Node* section = result.root.find("loss");
  if (section == nullptr) return result;
  const std::vector<Node*> terms = terms_of(*section);
  std::optional<DataView> train;
  std::optional<Graph> graph;
  ParameterStore store;
  for (size_t t = 0; t < terms.size(); ++t) {
    const std::vector<Node*> options = balanced_in(*terms[t]);
    if (options.empty()) continue;
    if (!graph) graph = build_graph(spec, Phase::kTrain, store);  // what is wrong is said first
    CNN_ASSERT(graph->losses.size() == terms.size());
    const Field* target = target_of(*graph, graph->node(graph->losses[t].node));
    if (!train) {
      const auto seed = static_cast<uint64_t>(read_train_settings(spec).seed);
      train = DataSource(load_data(spec), seed, wanted_fields(*graph)).open(Split::kTrain);
    }
    const int field = target == nullptr ? -1 : train->dataset->field(target->name);
    if (field < 0 || target->items.is_list) continue;  // the data do not fit, as is said later
    const std::vector<int64_t> counts = class_counts(*train, field, target->classes);
    const std::vector<double> weights = balanced_weights(counts);
    for (Node* option : options) *option = numbers_node(weights, option->mark());
  }
  return result;
}

}  // namespace cnn

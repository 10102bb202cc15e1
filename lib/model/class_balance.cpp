#include "model/class_balance.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/text.h"
#include "data/catalogue.h"
#include "data/class_counts.h"
#include "graph/builder.h"
#include "layers/class_numbers.h"
#include "model/feed.h"
#include "model/inputs.h"
#include "model/settings.h"

namespace cnn {
namespace {

// Whether it may be that a loss is told so, by itself or by `vars` and `defaults`.
bool says_balanced(const Node& value) {
  const auto& items = value.items();
  const auto& entries = value.entries();
  return (value.is_scalar() && value.text() == ClassWeights::kBalanced) ||
         std::any_of(items.begin(), items.end(), says_balanced) ||
         std::any_of(entries.begin(), entries.end(), [](const Entry& e) {
           return e.key != "train" && says_balanced(e.value);  // the sampler's word
         });
}

// The options of a loss whose numbers are still to be counted.
std::vector<std::string> balanced_options(const GraphNode& loss) {
  Options options;
  loss.layer->options(options);
  std::vector<std::string> names;
  for (const Option& option : options.table()) {
    if (option.type != OptionType<ClassWeights>::name()) continue;
    if (says_balanced(option.write())) names.push_back(option.name);
  }
  return names;
}

bool is_same_place(const Mark& a, const Mark& b) {
  return a.source == b.source && a.line == b.line && a.column == b.column;
}

// The term of `loss:`, one or a list of them, that a loss was made from; null if it stands
// elsewhere, in `vars`.
Node* term_of(Node& section, const GraphNode& loss) {
  const auto is_it = [&](const Node& term) {
    const bool has_op =
        term.is_scalar() ? term.text() == loss.type->name : term.find(loss.type->name) != nullptr;
    return has_op && is_same_place(term.mark(), loss.mark);
  };
  if (!section.is_list()) return is_it(section) ? &section : nullptr;
  const auto found = std::find_if(section.items().begin(), section.items().end(), is_it);
  return found == section.items().end() ? nullptr : &*found;
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

[[noreturn]] void refuse(const GraphNode& loss, const std::string& option, const char* why) {
  Diagnostics diagnostics;
  diagnostics.report(loss.mark, fmt::format("'{}: {}' {}", option, ClassWeights::kBalanced, why),
                     "give a list of one number a class");
  diagnostics.throw_if_any();
  CNN_ASSERT(false);
}

// Counts for the losses of one phase.
void fill(ModelSpec& spec, Phase phase) {
  Node* section = spec.root.find("loss");
  if (section == nullptr || !says_balanced(spec.root)) return;
  ParameterStore store;
  const Graph graph = build_graph(spec, phase, store);  // what is wrong is said first
  std::optional<DataView> train;
  for (const LossTerm& loss : graph.losses) {
    const GraphNode& node = graph.node(loss.node);
    for (const std::string& option : balanced_options(node)) {
      const Field* target = target_of(graph, node);
      Node* term = term_of(*section, node);
      if (term == nullptr) refuse(node, option, "is for losses that are written out under 'loss'");
      if (target == nullptr) refuse(node, option, "needs a target that is a field of the data");
      if (target->items.is_list) refuse(node, option, "does not count the items of lists");
      if (!train) {
        const auto seed = static_cast<uint64_t>(read_train_settings(spec).seed);
        const DataReader reader = data_reader(graph);
        train = DataSource(load_data(spec, reader), seed, reader.fields).open(Split::kTrain);
      }
      const int field = train->dataset->field(target->name);
      if (field < 0) continue;  // the data do not fit, as is said later
      if (term->is_scalar()) {
        *term = Node::map({{term->text(), term->mark(), Node::null(term->mark())}}, term->mark());
      }
      const std::vector<int64_t> counts = class_counts(*train, field, target->classes);
      term->set(option, numbers_node(balanced_weights(counts), term->mark()));
    }
  }
}

}  // namespace

ModelSpec with_class_weights(const ModelSpec& spec) {
  ModelSpec result = spec;
  for (const Phase phase : {Phase::kTrain, Phase::kTest}) fill(result, phase);
  return result;
}

}  // namespace cnn

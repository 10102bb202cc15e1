#include "model/loss_checks.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "data/class_counts.h"
#include "layers/catalog.h"

namespace cnn {
namespace {

struct Counts {
  int64_t outputs = 0;  // classes that the scores are of
  int64_t classes = 0;  // of the data; 0: not known
  bool ignores_last = false;
};

// The classes of a field: as the data say, else by the largest label that counts somewhere.
int64_t classes_of(const DataView& view, int number, std::optional<int64_t> ignored) {
  const Field& field = view.dataset->fields()[static_cast<size_t>(number)];
  if (field.kind != FieldKind::kClass || field.classes > 0 || !field.is_label()) {
    return field.classes;
  }
  int64_t largest = -1;
  for (const int64_t label : labels_of(view, number)) {
    const bool counts = label != ignored && label != view.dataset->ignored_class();
    if (counts) largest = std::max(largest, label);
  }
  return largest + 1;
}

Counts counts_of(const Graph& graph, const GraphNode& loss, const DataView& view) {
  for (size_t i = 0; i < loss.inputs.size() && i < loss.plan.fields.size(); ++i) {
    const Field& wanted = loss.plan.fields[i];
    if (wanted.shape.rank() == 0 || wanted.kind != FieldKind::kClass) continue;
    const Value& target = graph.value(loss.inputs[i]);
    const int field = target.producer < 0 ? view.dataset->field(target.name) : -1;
    if (field < 0) return {};
    const int64_t classes = classes_of(view, field, loss.plan.ignored_class);
    const auto is_last = [&](const std::optional<int64_t>& ignored) {
      return ignored && *ignored == classes - 1;
    };
    return {wanted.classes, classes,
            is_last(loss.plan.ignored_class) || is_last(view.dataset->ignored_class())};
  }
  return {};
}

// "vars.classes=10", where a variable says how many there are.
std::string remedy(const ModelSpec& spec, const std::string& layer, const Counts& counts) {
  for (const Entry& variable : spec.vars.entries()) {
    if (variable.key.find("class") == std::string::npos) continue;
    if (variable.value.as_int() != counts.outputs) continue;
    return fmt::format("vars.{}={} gives it as many", variable.key, counts.classes);
  }
  return fmt::format("give '{}' as many", layer);
}

// The layer whose numbers a value has, perhaps in another shape; null: a field's.
const GraphNode* maker_of(const Graph& graph, int value) {
  while (graph.value(value).producer >= 0) {
    const GraphNode& node = graph.node(graph.value(value).producer);
    const bool passes_on = node.type->family == LayerType::Family::kShape;
    if (!passes_on && !node.plan.identity_in_test) return &node;
    value = node.inputs.front();
  }
  return nullptr;
}

// The layer that makes such probabilities.
std::string_view maker_of(Link link) {
  for (const LayerType* type : layer_types()) {
    if (type->makes == link) return type->name;
  }
  return "probabilities";
}

}  // namespace

void check_class_counts(const ModelSpec& spec, const Graph& graph, const DataView& view) {
  Diagnostics diagnostics;
  for (const LossTerm& term : graph.losses) {
    const GraphNode& loss = graph.node(term.node);
    const Counts counts = counts_of(graph, loss, view);
    if (counts.classes < 2) continue;
    const Value& scores = graph.value(loss.inputs.front());
    const Mark& mark = scores.producer < 0 ? loss.mark : graph.node(scores.producer).mark;
    const std::string found =
        scores.shape.channels() == 1
            ? fmt::format("'{}' has 1 score, which tells 2 classes apart; the data have {}",
                          scores.name, counts.classes)
            : fmt::format("'{}' has scores of {} classes, the data have {}", scores.name,
                          counts.outputs, counts.classes);
    const std::string how = remedy(spec, scores.name, counts);
    if (counts.outputs < counts.classes - (counts.ignores_last ? 1 : 0)) {
      diagnostics.report(mark, found, how);
    } else if (counts.outputs > counts.classes) {
      warn("{}: {}: the scores beyond never have a sample; {}", mark.place(), found, how);
    }
  }
  diagnostics.throw_if_any();
}

void check_standards(const Graph& graph, const Dataset& data) {
  Diagnostics diagnostics;
  for (const LossTerm& term : graph.losses) {
    const GraphNode& loss = graph.node(term.node);
    bool is_target = true;  // the first field; others are weights
    for (size_t i = 1; i < loss.inputs.size(); ++i) {
      const Value& value = graph.value(loss.inputs[i]);
      const int number = value.producer < 0 ? data.field(value.name) : -1;
      const bool was_target = std::exchange(is_target, is_target && number < 0);
      if (number < 0) continue;
      if (!data.fields()[static_cast<size_t>(number)].standard.is_set()) continue;
      const bool is_planned = i < loss.plan.fields.size();
      std::string problem;
      if (!was_target) {
        problem = fmt::format("reads '{}' as weights", value.name);
      } else if (is_planned && loss.plan.fields[i].range) {
        const FieldRange& range = *loss.plan.fields[i].range;
        problem = fmt::format("takes targets from {:g} to {:g}", range.low, range.high);
      } else if (loss.plan.ignored_class) {
        problem = fmt::format("leaves targets of {} out", *loss.plan.ignored_class);
      } else {
        continue;
      }
      diagnostics.report(
          loss.mark,
          fmt::format("'{}' {}, and the data's 'standardise' moves these numbers to mean 0 and "
                      "deviation 1",
                      loss.type->name, problem),
          "data.standardise=inputs leaves the targets as they are");
    }
  }
  diagnostics.throw_if_any();
}

void warn_of_double_links(const Graph& graph) {
  for (const LossTerm& term : graph.losses) {
    const GraphNode& loss = graph.node(term.node);
    const GraphNode* maker = maker_of(graph, loss.inputs.front());
    if (loss.plan.link == Link::kNone || maker == nullptr) continue;
    if (maker->type->makes == Link::kNone) continue;
    warn(
        "{}: '{}' takes scores and applies its own {}, but is given what '{}' has made of them: "
        "the network learns worse; leave '{}' out (cnn predict applies it all the same)",
        maker->mark.place(), loss.type->name, maker_of(loss.plan.link), maker->type->name,
        maker->type->name);
  }
}

}  // namespace cnn

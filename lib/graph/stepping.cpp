#include "graph/stepping.h"

#include <algorithm>

#include "base/error.h"
#include "graph/cut.h"
#include "graph/main_output.h"

namespace cnn {
namespace {

size_t index(int id) { return static_cast<size_t>(id); }

class SteppingMaker {
 public:
  SteppingMaker(const Graph& graph, const WrittenList& list)
      : graph_(graph),
        list_(list),
        value_(graph.fields[index(list.field)].value),
        length_(graph.value(value_).length),
        follows_(following(graph, value_)) {}

  SteppingGraphs run() {
    SteppingGraphs made;
    made.step = cut_step();
    for (const GraphNode& node : made.step.nodes) {
      const bool reads =
          std::find(node.inputs.begin(), node.inputs.end(), value_) != node.inputs.end();
      if (!list_.is_target || !reads || node.type->mixes_items) continue;
      fail(Exit::kSpec, node.mark.place(),
           "'{}' reads the items of '{}' that the network is to write; put a shift before it",
           node.name, graph_.value(value_).name);
    }
    made.passed = passed(made.step);
    bind_fields(made.step, made.passed);
    made.is_stepwise = grow(made.step, made.is_bounded);
    if (!made.is_stepwise) {
      made.step = cut_step();  // some of its layers have been changed
      bind_fields(made.step, made.passed);
      ListLength& length = made.step.lengths[index(length_)];
      length.varies = true;
      length.source = value_;
    }
    made.before = graph_.clone();
    std::vector<int> computed;
    for (const int v : made.passed) {
      if (graph_.value(v).producer >= 0) computed.push_back(v);
    }
    end_at(made.before, computed);
    std::erase_if(made.before.fields, [&](const GraphField& field) {
      const bool is_passed =
          std::find(made.passed.begin(), made.passed.end(), field.value) != made.passed.end();
      return !is_passed && made.before.value(field.value).consumers.empty();
    });
    return made;
  }

 private:
  // The layers that follow from the list and lead to the scores.
  Graph cut_step() const {
    Graph step = graph_.clone();
    end_at(step, {list_.scores});
    std::vector<char> needed;
    for (const GraphNode& node : step.nodes) needed.push_back(follows_[index(node.output())]);
    keep_nodes(step, needed);
    return step;
  }

  std::vector<int> passed(const Graph& step) const {
    std::vector<int> values;
    for (const GraphNode& node : step.nodes) {
      for (const int v : node.inputs) {
        if (follows_[index(v)] != 0) continue;
        if (std::find(values.begin(), values.end(), v) == values.end()) values.push_back(v);
      }
    }
    return values;
  }

  void bind_fields(Graph& step, const std::vector<int>& passed) const {
    step.fields = {graph_.fields[index(list_.field)]};
    for (const int v : passed) {
      const Value& value = graph_.value(v);
      step.fields.push_back(field_of(graph_, v));
      // The list's length came with a field that is no longer there.
      if (value.length < 0) continue;
      ListLength& length = step.lengths[index(value.length)];
      if (length.varies) length.source = v;
    }
  }

  // Every layer for lists of one item. False: one of them needs the whole list.
  bool grow(Graph& step, bool& is_bounded) const {
    step.lengths[index(length_)] = {1, false, -1};
    for (GraphNode& node : step.nodes) {
      std::vector<char> grows;
      for (const int v : node.inputs) grows.push_back(step.value(v).length == length_);
      const bool any = std::find(grows.begin(), grows.end(), 1) != grows.end();
      if (!node.type->mixes_items || !any) continue;
      const bool early = list_.is_target && node.inputs[0] == value_;
      const Growth growth = node.layer->grow_stepwise(grows, early);
      if (growth == Growth::kWhole) return false;
      is_bounded = is_bounded || growth == Growth::kBounded;
      std::vector<Form> forms;
      for (const int v : node.inputs) {
        const Value& value = step.value(v);
        Form form(value.shape);
        form.items = step.items(value);
        form.length = value.length;
        form.kind = value.kind;
        form.classes = value.classes;
        forms.push_back(std::move(form));
      }
      const size_t own = node.plan.parameters.size();
      node.plan = set_up(*node.layer, forms, step.phase, {}, node.named.get());
      CNN_ASSERT(node.plan.parameters.size() == own);
    }
    return true;
  }

  const Graph& graph_;
  const WrittenList& list_;
  int value_;   // of the field
  int length_;  // of Graph::lengths
  std::vector<char> follows_;
};

}  // namespace

WrittenList written_list(const Graph& graph) {
  const std::optional<MainOutput> output = main_output(graph);
  if (!output || !output->is_classes() || output->value < 0) return {};
  const Value& scores = graph.value(output->value);
  if (scores.length < 0 || scores.shape.rank() != 1) return {};
  for (size_t i = 0; i < graph.fields.size(); ++i) {
    const GraphField& field = graph.fields[i];
    const Value& value = graph.value(field.value);
    const bool is_text = field.is_input && value.kind == FieldKind::kClass &&
                         value.shape.count() == 1 && value.length == scores.length;
    if (!is_text || (value.classes != 0 && value.classes != scores.shape[0])) continue;
    if (following(graph, field.value)[index(output->value)] == 0) continue;
    return {static_cast<int>(i), output->value, output->target == field.value};
  }
  return {};
}

SteppingGraphs make_stepping(const Graph& graph, const WrittenList& list) {
  CNN_ASSERT(list.field >= 0 && list.scores >= 0);
  return SteppingMaker(graph, list).run();
}

}  // namespace cnn

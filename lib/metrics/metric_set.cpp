// Binding the `metrics:` section to the values of a graph.
#include <algorithm>

#include "graph/main_output.h"
#include "metrics/metrics.h"
#include "metrics/text_metric.h"
#include "spec/expression.h"

namespace cnn {
namespace {

std::vector<std::string> value_names(const Graph& graph) {
  std::vector<std::string> names;
  for (const Value& value : graph.values) names.push_back(value.name);
  for (const auto& [name, value] : graph.aliases) names.push_back(name);
  return names;
}

// The value that `node` names, or `otherwise` if there is no node; -1 after a report.
int value_of(const Node* node, int otherwise, const Graph& graph, std::string_view what,
             Diagnostics& diagnostics) {
  if (!node) return otherwise;
  const std::optional<std::string> name = node->read_string(diagnostics);
  if (!name) return -1;
  const int value = graph.find_value(*name);
  if (value < 0) diagnostics.report_unknown(node->mark(), what, *name, value_names(graph));
  return value;
}

// Whether testing draws a sample from these values: of a code from its mean and variance.
bool draws_from(const Graph& graph, const std::vector<int>& values) {
  const auto draws = [&](const GraphNode& node) {
    return node.type->draws_code && !node.plan.identity_in_test && node.inputs == values;
  };
  return std::any_of(graph.nodes.begin(), graph.nodes.end(), draws);
}

// The metrics of the model file, one by one.
std::vector<Node> items_of(const ModelSpec& spec, Diagnostics& diagnostics) {
  const Node* written = spec.section("metrics");
  if (!written || written->is_null()) return {};
  Node section = evaluate(*written, VariableScope(spec.vars), diagnostics);
  if (!section.is_list()) return {std::move(section)};
  return {section.items().begin(), section.items().end()};
}

// The metric that is called `word` elsewhere, or null.
const MetricType* other_tools_name(const std::string& word) {
  for (const MetricType& type : metric_types()) {
    const auto& others = type.other_names;
    if (std::find(others.begin(), others.end(), word) != others.end()) return &type;
  }
  return nullptr;
}

std::optional<OpChoice> choice_of(const Node& item, Diagnostics& diagnostics) {
  const bool is_map = item.is_map() && !item.entries().empty();
  const std::string word = is_map             ? item.entries().front().key
                           : item.is_scalar() ? item.text()
                                              : "";
  if (const MetricType* meant = other_tools_name(word)) {
    diagnostics.report(item.mark(), fmt::format("unknown metric '{}'", word),
                       fmt::format("did you mean '{}'?", meant->name));
    return std::nullopt;
  }
  return op_of(item, metric_names(), "metric", diagnostics);
}

}  // namespace

MetricSet::MetricSet(const ModelSpec& spec, const Graph& graph) {
  Diagnostics diagnostics;
  for (const Node& item : items_of(spec, diagnostics)) read(item, graph, diagnostics);
  diagnostics.throw_if_any();
}

MetricSet MetricSet::in_training(const ModelSpec& spec, const Graph& graph) {
  MetricSet set;
  Diagnostics none;
  for (const Node& item : items_of(spec, none)) {
    Diagnostics of_item;  // what is wrong with it the test graph has told
    set.read(item, graph, of_item);
  }
  std::erase_if(set.bound_, [](const Bound& b) { return !b.metric->measures_training(); });
  return set;
}

void MetricSet::read(const Node& item, const Graph& graph, Diagnostics& diagnostics) {
  const std::optional<OpChoice> op = choice_of(item, diagnostics);
  if (!op) return;
  Bound bound;
  bound.metric = make_metric(op->name);
  bound.text = dynamic_cast<TextMetric*>(bound.metric.get());
  bound.mark = op->mark;
  Options options;
  bound.metric->options(options);
  if (!options.read_op(item, op->name, "metric '" + op->name + "'", diagnostics,
                       {"of", "target", "name"})) {
    return;
  }
  if (!bind(bound, item, *op, graph, diagnostics)) return;
  const std::vector<std::string> taken = names();
  for (const std::string& name : names_of(bound)) {
    if (name == "loss" || std::count(taken.begin(), taken.end(), name) > 0) {
      diagnostics.report(op->mark, fmt::format("there is already a result called '{}'", name),
                         "give this one a 'name'");
      return;
    }
  }
  bound_.push_back(std::move(bound));
}

// What is compared number by number must be of as many items: list with list, sample with sample.
bool MetricSet::check_lengths(const Bound& bound, const OpChoice& op, const Graph& graph,
                              Diagnostics& diagnostics) {
  std::vector<int> others = bound.more;
  if (bound.target >= 0) others.push_back(bound.target);
  const Value& output = graph.value(bound.output);
  for (const int id : others) {
    const Value& other = graph.value(id);
    if (other.length == output.length) continue;
    diagnostics.report(op.mark,
                       fmt::format("metric '{}' cannot compare '{}', {}, with '{}', {}", op.name,
                                   output.name, describe(output.shape, graph.items(output)),
                                   other.name, describe(other.shape, graph.items(other))),
                       "lists are compared item by item: both must have as many");
    return false;
  }
  return true;
}

// Finds the values that the metric reads, and sets it up; false after a report.
bool MetricSet::bind(Bound& bound, const Node& item, const OpChoice& op, const Graph& graph,
                     Diagnostics& diagnostics) {
  const std::optional<MainOutput> main = main_output(graph);
  const bool needs_target = bound.metric->needs_target();
  const std::string own = bound.metric->output_name();
  const Node own_node = own.empty() ? Node() : Node::scalar(own, op.mark);
  const Node* of = item.find("of");
  const Node* target = item.find("target");
  if (of && !own.empty()) {
    diagnostics.report(of->mark(), fmt::format("'of' beside '{}': which of them?", own));
    return false;
  }
  if (!own.empty()) of = &own_node;
  if (!main && !(of && (target || !needs_target))) {
    diagnostics.report(op.mark, "there is no loss with a target whose values it could read",
                       needs_target ? "give 'of' and 'target'" : "give 'of'");
    return false;
  }
  if (const Node* name = item.find("name")) {
    bound.name = name->read_string(diagnostics).value_or("");
  }
  bound.output = value_of(of, main ? main->value : -1, graph, "layer", diagnostics);
  if (bound.output < 0) return false;
  const auto shape = [&](int id) { return graph.value(id).shape; };
  MetricInputs inputs;
  inputs.output = shape(bound.output);
  if (needs_target) {
    bound.target = value_of(target, main ? main->target : -1, graph, "field", diagnostics);
    if (bound.target < 0) return false;
    inputs.target = shape(bound.target);
    const Value& read = graph.value(bound.target);
    if (read.producer < 0) bound.field = read.name;
    if (inputs.target.channels() == inputs.output.channels()) {
      bound.channels = inputs.target.channels();
    }
  }
  if (main) inputs.ignore = main->ignored;
  const int producer = graph.value(bound.output).producer;
  if (producer >= 0) inputs.makes = graph.node(producer).type->makes;
  const bool is_probability =
      inputs.makes == Link::kSigmoid ||
      (main && bound.output == main->value && !main->is_classes() && main->link == Link::kNone);
  inputs.middle = is_probability ? 0.5F : 0;
  inputs.is_score = main && main->is_before_sigmoid() && bound.output == main->value;
  for (const std::string& name : bound.metric->reads()) {
    const Node node = Node::scalar(name, op.mark);
    bound.more.push_back(value_of(&node, -1, graph, "layer", diagnostics));
    if (bound.more.back() < 0) return false;
    inputs.more.push_back(shape(bound.more.back()));
  }
  inputs.draws = draws_from(graph, bound.more);
  bound.views.resize(bound.more.size());
  if (bound.metric->compares_items() && !check_lengths(bound, op, graph, diagnostics)) return false;
  try {
    bound.metric->setup(inputs);
  } catch (const Error& error) {
    diagnostics.report(op.mark,
                       fmt::format("metric '{}' {}", op.name, error.diagnostics().front().problem));
    return false;
  }
  return true;
}

std::vector<std::string> MetricSet::names_of(const Bound& bound) const {
  std::vector<std::string> names = bound.metric->names();
  if (bound.name.empty()) return names;
  if (names.size() == 1) return {bound.name};
  for (std::string& name : names) name = bound.name + "_" + name;
  return names;
}

std::vector<int> MetricSet::values() const {
  std::vector<int> values;
  for (const Bound& b : bound_) {
    if (b.text != nullptr) continue;  // whoever writes runs the network anew
    values.push_back(b.output);
    if (b.target >= 0) values.push_back(b.target);
    values.insert(values.end(), b.more.begin(), b.more.end());
  }
  return values;
}

void MetricSet::take_standards(std::span<const Field> fields) {
  for (Bound& b : bound_) {
    for (const Field& field : fields) {
      const bool fits = std::ssize(field.standard.mean) == b.channels;
      if (!b.field.empty() && field.name == b.field && fits) b.standard = field.standard;
    }
    // Sums of squares of large numbers lose digits that differences have.
    if (b.metric->compares_differences()) b.standard.mean.assign(b.standard.mean.size(), 0);
  }
}

ConstView MetricSet::undone(const Bound& bound, const ConstView& view, std::vector<float>& memory) {
  const int64_t count = view.count(), channels = bound.channels;
  memory.resize(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    memory[static_cast<size_t>(i)] =
        static_cast<float>(bound.standard.undone(static_cast<double>(view.data[i]), i % channels));
  }
  ConstView result = view;
  result.data = memory.data();
  return result;
}

bool MetricSet::wants_texts() const {
  return std::any_of(bound_.begin(), bound_.end(),
                     [](const Bound& b) { return b.text != nullptr; });
}

std::vector<Writing> MetricSet::writings() const {
  std::vector<Writing> ways;
  for (const Bound& b : bound_) {
    if (b.text == nullptr) continue;
    const Writing way = b.text->writing(b.output);
    if (std::find(ways.begin(), ways.end(), way) == ways.end()) ways.push_back(way);
  }
  return ways;
}

void MetricSet::refuse_texts() const {
  Diagnostics diagnostics;
  for (const Bound& b : bound_) {
    if (b.text == nullptr) continue;
    diagnostics.report(b.mark, fmt::format("'{}' compares texts, but this network writes none",
                                           b.metric->names().front()));
  }
  diagnostics.throw_if_any();
}

void MetricSet::add_texts(TextSource& source, std::span<const int64_t> samples) {
  std::vector<std::vector<std::string>> references;
  for (const int64_t sample : samples) {
    references.push_back(source.references(sample));
    if (!references.back().empty()) continue;
    fail(Exit::kInput, fmt::format("sample {}", sample),
         "there is no text to compare with what the network writes");
  }
  std::vector<std::pair<Writing, std::vector<std::string>>> written;  // each way once
  for (Bound& b : bound_) {
    if (b.text == nullptr) continue;
    const Writing how = b.text->writing(b.output);
    auto known = std::find_if(written.begin(), written.end(),
                              [&](const auto& entry) { return entry.first == how; });
    if (known == written.end()) {
      written.emplace_back(how, source.write(how, samples));
      known = std::prev(written.end());
      CNN_ASSERT(known->second.size() == samples.size());
    }
    for (size_t i = 0; i < samples.size(); ++i) {
      b.text->add_text(known->second[i], references[i]);
    }
  }
}

void MetricSet::reset() {
  for (Bound& b : bound_) b.metric->reset();
}

std::vector<double> MetricSet::tally() const {
  MetricTally tally;
  for (const Bound& b : bound_) b.metric->keep(tally);
  return tally.numbers();
}

bool MetricSet::restore(std::vector<double> numbers) {
  MetricTally tally(std::move(numbers));
  for (Bound& b : bound_) b.metric->keep(tally);
  if (!tally.fits()) reset();
  return tally.fits();
}

std::vector<std::string> MetricSet::names() const {
  std::vector<std::string> all;
  for (const Bound& b : bound_) {
    for (std::string& name : names_of(b)) all.push_back(std::move(name));
  }
  return all;
}

Scores MetricSet::result() const {
  Scores all;
  for (const Bound& b : bound_) {
    const std::vector<std::string> names = names_of(b);
    const Scores scores = b.metric->result();
    for (size_t i = 0; i < scores.size(); ++i) all.emplace_back(names[i], scores[i].second);
  }
  return all;
}

Scores MetricSet::errors() const {
  Scores all;
  for (const Bound& b : bound_) {
    if (!b.metric->is_share_of_right()) continue;
    const std::string name = names_of(b).front();
    const std::string what = name == "accuracy"            ? ""
                             : name.ends_with("_accuracy") ? name.substr(0, name.rfind('_') + 1)
                                                           : name + "_";
    all.emplace_back(what + "error", 1 - b.metric->result().front().second);
  }
  return all;
}

}  // namespace cnn

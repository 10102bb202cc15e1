#include "graph/builder/heads.h"

#include <algorithm>

#include "base/log.h"

namespace cnn::build {
namespace {

const std::vector<std::string>& loss_keys() {
  static const std::vector<std::string> kKeys = {"weight", "name", "if"};
  return kKeys;
}

bool is_loss_key(std::string_view key) { return key == "weight" || key == "name" || key == "if"; }

const Entry* find_key(const Item& item, std::string_view key) {
  const Entry* e = item.find_common(key);
  return e ? e : item.option(key);
}

}  // namespace

void Heads::add_losses() {
  const Node* section = spec_.section("loss");
  if (!section || section->is_null()) return;
  if (!section->is_list()) return add_loss(*section);
  for (const Node& term : section->items()) add_loss(term);
}

// A term whose input is dropped in this phase is dropped too.
bool Heads::is_dropped(const Node& value) const {
  if (value.is_list()) {
    return std::any_of(value.items().begin(), value.items().end(),
                       [&](const Node& n) { return is_dropped(n); });
  }
  if (!value.is_scalar()) return false;
  const auto found = c_.names.find(value.text(), top_);
  return found && found->binding.is_dropped();
}

void Heads::add_loss(const Node& written) {
  std::optional<Node> node = written;
  if (is_expression(written)) node = c_.evaluate(written, top_);
  const std::optional<Node> map = node ? item_map(*node, c_.diagnostics) : std::nullopt;
  if (!map) return;
  const bool has_op = std::any_of(map->entries().begin(), map->entries().end(),
                                  [&](const Entry& e) { return c_.ops.find(e.key) != nullptr; });
  if (!has_op) {
    const auto blamed = std::find_if(map->entries().begin(), map->entries().end(),
                                     [](const Entry& e) { return !is_loss_key(e.key); });
    const Entry& e = blamed == map->entries().end() ? map->entries().front() : *blamed;
    return c_.ops.report_unknown(e.mark, e.key, true, c_.diagnostics);
  }
  std::optional<Item> item = read_item(*map, c_.ops, c_.diagnostics);
  if (!item) return;
  if (!item->op->is_loss()) {
    c_.diagnostics.report(item->op_mark, fmt::format("'{}' is no loss", item->op->name),
                          "it belongs under 'layers'");
    return;
  }
  if (const Entry* condition = find_key(*item, "if")) {
    const std::optional<bool> holds = c_.evaluate.condition(condition->value, top_);
    if (!holds || !*holds) return;
  }
  const std::string name = loss_name(*item);
  const std::optional<Node> value = c_.evaluate(item->value, top_);
  if (!value || is_dropped(*value)) return;
  add_term(std::move(*item), *value, name);
}

void Heads::add_term(Item item, const Node& value, const std::string& name) {
  const size_t before = c_.diagnostics.size();
  const std::optional<double> weight = loss_weight(item);
  // What else an item of `layers` may have means nothing here: the maker reports it.
  for (const Entry& e : item.common) item.options.push_back(e);
  item.common.clear();
  std::erase_if(item.options, [](const Entry& e) { return is_loss_key(e.key); });
  std::vector<Input> inputs;
  if (value.is_null()) inputs.push_back({top_.previous, "prev"});
  for (const Node& n : value.is_scalar() ? std::vector<Node>{value} : value.items()) {
    inputs.push_back(
        {c_.names.value_of(n, top_, "", c_.diagnostics), n.is_scalar() ? n.text() : ""});
  }
  const int output = c_.maker.make(item, "loss." + name, std::move(inputs), top_, loss_keys());
  if (output == kUnknown || !weight || c_.diagnostics.size() > before) return;
  graph_.losses.push_back({graph_.value(output).producer, *weight, name});
}

std::optional<double> Heads::loss_weight(const Item& item) {
  const Entry* entry = find_key(item, "weight");
  if (!entry) return 1.0;
  const std::optional<Node> value = c_.evaluate(entry->value, top_);
  return value ? value->read_double(c_.diagnostics) : std::nullopt;
}

// `name:`, else the op, numbered from the second one on. A term that this phase drops counts, so
// that names are the same in both.
std::string Heads::loss_name(const Item& item) {
  std::string name = item.op->name;
  if (const Entry* entry = find_key(item, "name")) {
    name = entry->value.text();
    const bool is_name = check_name(name, entry->value.mark(), "loss", c_.diagnostics);
    if (is_name && terms_.count(name) > 0) {
      c_.diagnostics.report(entry->value.mark(), fmt::format("the name '{}' is used twice", name),
                            "choose another name");
    }
  } else {
    for (int i = 2; terms_.count(name) > 0; ++i) name = fmt::format("{}_{}", item.op->name, i);
  }
  terms_.insert(name);
  return name;
}

void Heads::add_outputs() {
  const Node* section = spec_.section("outputs");
  if (!section || section->is_null()) {
    if (top_.last.empty() && c_.diagnostics.empty()) {
      c_.diagnostics.report(spec_.section("layers")->mark(), "the network has no output",
                            "all items are dropped, or to the side");
    }
    if (top_.previous != kUnknown) graph_.outputs.push_back({top_.last, top_.previous});
    return;
  }
  // A layer's name alone is the output's, too.
  if (section->is_scalar()) add_output({section->text(), section->mark(), *section});
  for (const Node& name : section->items()) {
    if (name.is_scalar()) {
      add_output({name.text(), name.mark(), name});
    } else {
      c_.diagnostics.report(name.mark(), "'outputs' lists layers by name, found " + name.describe(),
                            "names of their own go by a map of all: {NAME: LAYER, NAME: LAYER}");
    }
  }
  for (const Entry& e : section->entries()) add_output(e);
}

void Heads::add_output(const Entry& entry) {
  if (!check_name(entry.key, entry.mark, "output", c_.diagnostics)) return;
  const std::optional<Node> name = c_.evaluate(entry.value, top_);
  if (!name) return;
  // An auxiliary head of training is no output of testing.
  if (name->is_scalar()) {
    const auto found = c_.names.find(name->text(), top_);
    if (found && found->binding.state == Binding::State::kDroppedByPhase) return;
  }
  const int value = c_.names.value_of(*name, top_, " in 'outputs'", c_.diagnostics);
  if (value != kUnknown) graph_.outputs.push_back({entry.key, value});
}

// A metric may read what nothing else does: {iou: seg, of: aux}, {elbo: [mean, variance]}.
bool Heads::is_metric_input(const std::string& name) const {
  const Node* metrics = spec_.section("metrics");
  if (!metrics) return false;
  const auto is_meant = [&](const Node& read) {
    return read.is_scalar() && graph_.find_value(read.text()) == graph_.find_value(name);
  };
  const auto reads = [&](const Node& metric) {
    return std::any_of(metric.entries().begin(), metric.entries().end(), [&](const Entry& e) {
      if (e.key == "name") return false;
      return is_meant(e.value) ||
             std::any_of(e.value.items().begin(), e.value.items().end(), is_meant);
    });
  };
  return reads(*metrics) || std::any_of(metrics->items().begin(), metrics->items().end(), reads);
}

// Another output of its layer is read, and this one comes along.
bool Heads::may_be_unread(const GraphNode& node, int value) const {
  const auto place = std::find(node.outputs.begin(), node.outputs.end(), value);
  const auto k = static_cast<size_t>(place - node.outputs.begin());
  if (node.plan.outputs[k].only_if_read) return true;
  if (!node.plan.outputs[k].may_be_unread) return false;
  return std::any_of(node.outputs.begin(), node.outputs.end(), [&](int other) {
    const bool is_output = std::any_of(graph_.outputs.begin(), graph_.outputs.end(),
                                       [&](const NamedOutput& o) { return o.value == other; });
    return is_output || !graph_.value(other).consumers.empty();
  });
}

void Heads::check_unused() {
  std::set<std::pair<int, int>> warned;
  for (size_t i = 0; i < graph_.values.size(); ++i) {
    const Value& value = graph_.values[i];
    const bool is_output =
        std::any_of(graph_.outputs.begin(), graph_.outputs.end(),
                    [&](const NamedOutput& output) { return output.value == static_cast<int>(i); });
    if (!value.consumers.empty() || is_output || is_metric_input(value.name)) continue;
    if (value.producer < 0) {
      c_.diagnostics.report(i < spec_.inputs.size() ? spec_.inputs[i].mark : Mark{},
                            fmt::format("nothing reads the input '{}'", value.name),
                            "name it in some layer's 'from', or remove it");
      continue;
    }
    const GraphNode& node = graph_.node(value.producer);
    if (node.is_loss() || c_.writer.is_in_side(value.producer)) continue;
    if (may_be_unread(node, static_cast<int>(i))) continue;
    if (!warned.insert({node.mark.line, node.mark.column}).second) continue;
    warn("{}: nothing reads layer '{}'", node.mark.place(), value.name);
  }
}

}  // namespace cnn::build

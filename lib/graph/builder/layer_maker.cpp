#include "graph/builder/layer_maker.h"

#include <algorithm>

namespace cnn::build {

std::optional<Settings> read_settings(const Item& item, const List& list, const Evaluator& evaluate,
                                      Diagnostics& diagnostics) {
  Settings settings;
  bool ok = true;
  for (const Entry& e : item.common) {
    if (!is_setting(e.key)) continue;
    std::optional<Node> value = evaluate(e.value, list);
    ok = value && read_setting(settings, {e.key, e.mark, std::move(*value)}, diagnostics) && ok;
  }
  return ok ? std::optional(settings) : std::nullopt;
}

struct LayerMaker::Work {
  const Item& item;
  const LayerType& type;
  const List& list;
  const OpDefaults& defaults;
  const std::vector<std::string>& also_allowed;
  std::unique_ptr<Layer> layer;
  Options options;
  std::vector<std::string> seen;  // options that have a value
  std::vector<std::pair<std::string, Written>> references;
  std::optional<std::pair<std::string, Written>> named;  // the layer that an option names
  std::vector<Input> inputs;

  bool has_seen(std::string_view name) const {
    return std::find(seen.begin(), seen.end(), name) != seen.end();
  }
};

int LayerMaker::make(const Item& item, const std::string& path, std::vector<Input> inputs,
                     const List& list, const std::vector<std::string>& also_allowed) {
  const LayerType& type = *item.op->layer;
  Work work{item, type, list, defaults_.of(*item.op), also_allowed, type.make(), {},
            {},   {},   {},   std::move(inputs)};
  work.layer->options(work.options);
  const std::optional<Settings> own = read_settings(item, list, evaluate_, diagnostics_);
  bool ok = read_options(work) && own;
  ok = check_count(work) && ok;
  ok = add_references(work) && ok;
  const bool is_known = std::all_of(work.inputs.begin(), work.inputs.end(),
                                    [](const Input& input) { return input.is_known(); });
  std::optional<Input> named;
  if (work.named) {
    const size_t before = diagnostics_.size();
    const auto& [option, name] = *work.named;
    const std::string where = fmt::format(" in '{}'", option);
    named = Input{names_.value_of(name.value, *name.where, where, diagnostics_), name.value.text()};
    ok = diagnostics_.size() == before && ok;
  }
  if (!ok || !is_known || (named && !named->is_known())) return kUnknown;

  NewLayer layer;
  layer.named = std::move(named);
  layer.type = &type;
  layer.layer = std::move(work.layer);
  layer.path = path;
  layer.weights_path = list.weights_path(path);
  layer.mark = item.mark;
  layer.inputs = std::move(work.inputs);
  layer.levels = list.levels;
  layer.settings = own->over(list.inherited).over(work.defaults.settings);
  // An `init` beside branches is for the layers in them.
  const bool has_branches = type.inputs == LayerType::Inputs::kBranches;
  layer.own = has_branches ? nullptr : &*own;
  layer.init.own = own->init && !has_branches ? &*own->init : nullptr;
  layer.init.inherited = list.inherited.init ? &*list.inherited.init : nullptr;
  layer.init.fallback = work.defaults.settings.init ? &*work.defaults.settings.init : nullptr;
  layer.in_side = list.in_side;
  layer.folded_into = list.folded_into;
  return writer_.add(std::move(layer));
}

std::unique_ptr<Layer> LayerMaker::read(const Item& item, const List& list,
                                        const std::vector<std::string>& also_allowed) {
  const LayerType& type = *item.op->layer;
  Work work{item, type, list, defaults_.of(*item.op), also_allowed, type.make(), {}, {},
            {},   {},   {}};
  work.layer->options(work.options);
  return read_options(work) ? std::move(work.layer) : nullptr;
}

bool LayerMaker::read_options(Work& work) {
  const Item& item = work.item;
  const Option* primary = work.options.primary();
  const bool has_value = !item.op->names_inputs() && !item.value.is_null();
  bool ok = true;
  const bool holds_options = has_value && item.value.is_map() && !item.value.entries().empty() &&
                             work.options.find(item.value.entries().front().key) &&
                             !item.op->names_inputs();
  if (holds_options) {
    diagnostics_.report(item.value.mark(),
                        fmt::format("the options of {} are inside its value", item.op->describe()),
                        primary ? fmt::format("write {{{}: ..., {}: ...}}", item.op->name,
                                              item.value.entries().back().key)
                                : fmt::format("write {{{}, {}: ...}}", item.op->name,
                                              item.value.entries().back().key));
    ok = false;
  } else if (has_value && !primary) {
    diagnostics_.report(
        item.value.mark(),
        fmt::format("{} takes no value, found {}", item.op->describe(), item.value.describe()),
        fmt::format("write '{}'", item.op->name));
    ok = false;
  } else if (has_value) {
    ok = read_option(work, *primary, item.value);
  }
  for (const Entry& e : item.options) {
    const Option* option = work.options.find(e.key);
    if (!option) {
      report_unknown_key(e, *item.op, &work.options, work.also_allowed, diagnostics_);
      ok = false;
    } else if (work.has_seen(e.key)) {
      diagnostics_.report(e.mark,
                          fmt::format("'{}' is given twice for {}", e.key, item.op->describe()),
                          fmt::format("it is the value of '{}'", item.op->name));
      ok = false;
    } else {
      ok = read_option(work, *option, e.value) && ok;
    }
  }
  for (const Entry& e : work.defaults.options) {
    if (!work.has_seen(e.key)) ok = read_option(work, *work.options.find(e.key), e.value) && ok;
  }
  // What is missing may be there under a misspelt key.
  return ok && check_required(work);
}

bool LayerMaker::read_option(Work& work, const Option& option, const Node& value) {
  work.seen.push_back(option.name);
  // `~` takes a default back, to what the table says.
  if (value.is_null() && work.defaults.option(option.name)) return true;
  if (option.is_reference) {
    std::optional<Written> name = evaluate_.written(value, work.list);
    if (!name || !Options::read_value(option, name->value, diagnostics_)) return false;
    work.references.emplace_back(option.name, std::move(*name));
    return true;
  }
  if (option.layer != nullptr) {
    std::optional<Written> known = evaluate_.written(value, work.list);
    if (!known) return false;
    if (known->value.is_null() && !option.is_required) return true;
    if (!Options::read_value(option, known->value, diagnostics_)) return false;
    if (!option.layer->empty()) work.named.emplace(option.name, std::move(*known));
    return true;
  }
  const std::optional<Node> known = evaluate_(value, work.list);
  return known && Options::read_value(option, *known, diagnostics_);
}

bool LayerMaker::check_required(const Work& work) {
  bool ok = true;
  for (const Option& option : work.options.table()) {
    if (!option.is_required || work.has_seen(option.name)) continue;
    const std::string& op = work.item.op->name;
    diagnostics_.report(
        work.item.op_mark, fmt::format("{} needs '{}'", work.item.op->describe(), option.name),
        option.is_primary ? fmt::format("write '{}: ...', the {}", op, option.help) : option.help);
    ok = false;
  }
  return ok;
}

// In the order of declaration, after the layer's other inputs.
bool LayerMaker::add_references(Work& work) {
  bool ok = true;
  for (const Option& option : work.options.table()) {
    if (!option.is_reference) continue;
    const auto given = std::find_if(work.references.begin(), work.references.end(),
                                    [&](const auto& r) { return r.first == option.name; });
    if (given != work.references.end()) {
      ok = add_reference(work, option, given->second) && ok;
    } else if (const Node name = option.write(); name.is_scalar() && !name.text().empty()) {
      const Node marked = Node::scalar(name.text(), work.item.op_mark);
      ok = add_reference(work, option, {marked, &work.list}) && ok;
    }
  }
  return ok;
}

bool LayerMaker::add_reference(Work& work, const Option& option, const Written& name) {
  if (!name.value.is_scalar()) return true;  // `~`: none
  const std::string& text = name.value.text();
  const std::string where = fmt::format(" in '{}'", option.name);
  // What is no layer is a data field, but only losses know what that must be.
  const bool may_be_field = work.item.op->is_loss() && text.find('.') == std::string::npos;
  if (may_be_field && !names_.find(text, *name.where)) {
    if (!check_name(text, name.value.mark(), "field", diagnostics_)) return false;
    work.inputs.push_back({kUnknown, text, true});
    return true;
  }
  const size_t before = diagnostics_.size();
  const int value = names_.value_of(name.value, *name.where, where, diagnostics_);
  work.inputs.push_back({value, text});
  return diagnostics_.size() == before;
}

bool LayerMaker::check_count(const Work& work) {
  const int count = static_cast<int>(work.inputs.size());
  const LayerType& type = work.type;
  if (count >= type.min_inputs && (type.max_inputs <= 0 || count <= type.max_inputs)) return true;
  const auto inputs = [](int n) { return fmt::format("{} input{}", n, n == 1 ? "" : "s"); };
  const std::string wanted = type.max_inputs == type.min_inputs ? inputs(type.min_inputs)
                             : count < type.min_inputs ? "at least " + inputs(type.min_inputs)
                                                       : "at most " + inputs(type.max_inputs);
  diagnostics_.report(work.item.mark,
                      fmt::format("{} takes {}, found {}", work.item.op->describe(), wanted, count),
                      work.item.op->names_inputs() && type.min_inputs > 1
                          ? fmt::format("write {{{}: [a, b]}}", type.name)
                          : "");
  return false;
}

}  // namespace cnn::build

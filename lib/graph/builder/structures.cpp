// What an item consists of: a layer with its inputs and branches, a seq, a side.
#include "graph/builder/expander.h"

namespace cnn::build {
namespace {

// A named branch as an item: one item takes the branch's name, several are a seq of that name.
Node as_named_item(const std::string& key, const Mark& mark, const std::vector<Node>& items,
                   const Ops& ops) {
  const Node name = Node::scalar(key, mark, true);
  if (items.size() == 1 && !is_expression(items[0]) && !items[0].find("name")) {
    Node map = items[0];
    if (map.is_scalar()) {
      map = Node::map({{map.text(), map.mark(), Node::null(map.mark())}}, map.mark());
    }
    const Entry* op = map.is_map() ? find_op_entry(map, ops) : nullptr;
    if (op && !ops.find(op->key)->splices()) {
      map.set("name", name);
      return map;
    }
  }
  return Node::map({{"seq", mark, Node::list(items, mark)}, {"name", mark, name}}, mark);
}

}  // namespace

int Expander::expand_layer(const Item& item, const std::string& path, const List& list) {
  if (item.op->is_loss()) {
    c_.diagnostics.report(item.op_mark, fmt::format("'{}' is a loss", item.op->name),
                          "it belongs under 'loss'");
    return kUnknown;
  }
  const int value =
      c_.maker.make(item, path, inputs_of(item, path, list), list, common_key_names());
  return name_outputs(item, path, value, list) ? value : kUnknown;
}

// Outputs with names are below the item's. Names that the model file gives stand on the item's
// level, or on the list's own if it has no name, as branches do. False after a report.
bool Expander::name_outputs(const Item& item, const std::string& path, int value,
                            const List& list) {
  const GraphNode* node = c_.writer.maker_of(value);
  if (node == nullptr || node->plan.outputs.size() + node->plan.outputs.front().name.size() < 2) {
    return true;
  }
  const bool is_level = item.find_common("name") || item.find_common("repeat");
  for (size_t k = 0; k < node->outputs.size(); ++k) {
    const OutputPlan& output = node->plan.outputs[k];
    if (output.name.empty()) continue;
    if (node->plan.goes_on > 0 && !is_level && !output.stands_alone) {
      c_.diagnostics.report(item.mark, fmt::format("a {} without a name", item.op->name),
                            "its parts are reached by it: name: s gives s.0, s.1 ...");
      return false;
    }
    const std::string where = output.stands_alone && !is_level ? list.prefix : path + ".";
    const bool is_name =
        !output.stands_alone || check_name(output.name, item.mark, "part", c_.diagnostics);
    if (!is_name || !c_.names.open(where + output.name, item.mark, c_.diagnostics)) return false;
    c_.names.close(where + output.name, node->outputs[k]);
    c_.writer.rename(node->outputs[k], where + output.name);
  }
  return true;
}

int Expander::expand_seq(const Item& item, const std::string& path, const List& list) {
  for (const Entry& e : item.options) {
    report_unknown_key(e, *item.op, nullptr, common_key_names(), c_.diagnostics);
  }
  std::optional<Node> items = item.value;
  if (is_expression(item.value)) items = c_.evaluate(item.value, list);
  if (items && !items->is_list()) {
    c_.diagnostics.report(items->mark(), fmt::format("'{}' expects a list of items, found {}",
                                                     item.op->name, items->describe()));
  }
  List inner(list, items ? std::span<const Node>(items->items()) : std::span<const Node>());
  inner.previous = input_of(item, list).value;
  inner.set_path(path);
  inner.in_side = list.in_side || item.op->kind == Op::Kind::kSide;
  inner.levels.push_back(path);
  inherit(inner, item, list);
  expand(inner);
  return items ? inner.previous : kUnknown;
}

// The settings of parameters that the items inside inherit.
void Expander::inherit(List& inner, const Item& item, const List& list) {
  const auto own = read_settings(item, list, c_.evaluate, c_.diagnostics);
  inner.inherited = own ? own->over(list.inherited) : list.inherited;
}

// The one input of an item: `from`, else the previous item.
Input Expander::input_of(const Item& item, const List& list) {
  const Node* from = item.common_value("from");
  if (!from || from->is_null()) return {list.previous, "prev"};
  const std::optional<Written> name = c_.evaluate.written(*from, list);
  if (!name) return {};
  const Node& value = name->value;
  if (value.is_list() && value.items().size() == 1) {
    return named_input(value.items().front(), *name->where, " in 'from'");
  }
  if (value.is_list()) {
    c_.diagnostics.report(value.mark(),
                          fmt::format("{} takes one input, found a list", item.op->describe()));
    return {};
  }
  return named_input(value, *name->where, " in 'from'");
}

Input Expander::named_input(const Node& name, const List& list, std::string_view where) {
  const int value = c_.names.value_of(name, list, where, c_.diagnostics);
  return {value, name.is_scalar() ? name.text() : ""};
}

std::vector<Input> Expander::names_of(const Node& node, const List& list, std::string_view where) {
  if (!node.is_list()) {
    const std::optional<Written> name = c_.evaluate.written(node, list);
    if (!name) return {{}};
    if (!name->value.is_list()) return {named_input(name->value, *name->where, where)};
    std::vector<Input> inputs;
    for (const Node& n : name->value.items()) {
      inputs.push_back(named_input(n, *name->where, where));
    }
    return inputs;
  }
  std::vector<Input> inputs;
  for (const Node& element : node.items()) {
    count_item(element.mark());
    const std::optional<Written> name = c_.evaluate.written(element, list);
    inputs.push_back(name ? named_input(name->value, *name->where, where) : Input{});
  }
  return inputs;
}

std::vector<Input> Expander::inputs_of(const Item& item, const std::string& path,
                                       const List& list) {
  const LayerType& type = *item.op->layer;
  const Entry* from = item.find_common("from");
  const bool has_from = from && !from->value.is_null();
  const bool has_value = item.op->names_inputs() && !item.value.is_null();
  if (has_value && type.inputs == LayerType::Inputs::kBranches) {
    return branches_of(item, path, list);
  }
  if (has_value && has_from) {
    c_.diagnostics.report(from->mark,
                          fmt::format("'from' beside the inputs of {}", item.op->describe()),
                          "name them once");
    return {{}};
  }
  if (has_value) return names_of(item.value, list, "");
  if (has_from && type.max_inputs != 1) return names_of(from->value, list, " in 'from'");
  return {input_of(item, list)};
}

// The inputs of `add`, `concat`, `mul` (rule 4): names, branches and sets of named branches.
std::vector<Input> Expander::branches_of(const Item& item, const std::string& path,
                                         const List& list) {
  const std::optional<Written> whole = is_expression(item.value)
                                           ? c_.evaluate.written(item.value, list)
                                           : std::optional(Written{item.value, &list});
  if (!whole) return {{}};
  const Input start = input_of(item, list);
  std::vector<Input> inputs;
  const auto add_set = [&](const Node& set) {
    if (report_bare_item(set)) {
      inputs.emplace_back();
      return;
    }
    for (const Entry& e : set.entries()) {
      inputs.push_back(named_branch(e, path, item, start, list));
    }
  };
  if (whole->value.is_map()) add_set(whole->value);
  if (whole->value.is_scalar()) inputs.push_back(named_input(whole->value, *whole->where, ""));
  for (size_t i = 0; i < whole->value.items().size(); ++i) {
    const Node& element = whole->value.items()[i];
    count_item(element.mark());
    if (element.is_list()) {
      inputs.push_back(unnamed_branch(element, path, i, item, start, list));
    } else if (element.is_map()) {
      add_set(element);
    } else {
      const std::optional<Written> name = c_.evaluate.written(element, *whole->where);
      inputs.push_back(name ? named_input(name->value, *name->where, "") : Input{});
    }
  }
  return inputs;
}

// {conv: 8} where a branch is due: a map is a set of named branches, an item stands in a list.
bool Expander::report_bare_item(const Node& set) {
  const Entry* op = find_op_entry(set, c_.ops);
  const Op* known = op ? c_.ops.find(op->key) : nullptr;
  const bool may_be_branch =
      op && op->value.is_list() && known->kind != Op::Kind::kSeq && known->kind != Op::Kind::kSide;
  if (!op || may_be_branch || op->value.is_map()) return false;
  c_.diagnostics.report(set.mark(), fmt::format("an item where a branch is due: '{}'", op->key),
                        "a branch is a list of items: [{conv: 8}]");
  return true;
}

// A branch of the item at `path`, which is a level of paths only when it has a name (or copies).
List Expander::branch_list(std::span<const Node> items, const std::string& path, const Item& item,
                           const Input& start, const List& list) {
  const bool is_level = item.find_common("name") || item.find_common("repeat");
  List branch(list, items);
  if (is_level) branch.levels.push_back(path);
  inherit(branch, item, list);
  branch.prefix = is_level ? path + "." : list.prefix;
  branch.number_prefix = path + ".";
  branch.previous = start.value;
  return branch;
}

// Adds no level for named items; unnamed ones are numbered below the owner and the branch.
Input Expander::unnamed_branch(const Node& items, const std::string& path, size_t number,
                               const Item& item, const Input& start, const List& list) {
  List branch = branch_list(items.items(), path, item, start, list);
  branch.number_prefix += fmt::format("{}.", number);
  expand(branch);
  return {branch.previous, branch.last.empty() ? start.label : branch.last};
}

Input Expander::named_branch(const Entry& entry, const std::string& path, const Item& item,
                             const Input& start, const List& list) {
  count_item(entry.mark);
  if (entry.value.is_null()) {
    c_.diagnostics.report(entry.mark,
                          fmt::format("branch '{}' expects a list of items or a name", entry.key),
                          "[] passes the input on");
    return {};
  }
  if (entry.value.is_scalar()) {
    const std::optional<Written> name = c_.evaluate.written(entry.value, list);
    if (!check_name(entry.key, entry.mark, "branch", c_.diagnostics) || !name) return {};
    const Input input = named_input(name->value, *name->where, "");
    const std::string branch = branch_list({}, path, item, start, list).prefix + entry.key;
    if (c_.names.open(branch, entry.mark, c_.diagnostics)) c_.names.close(branch, input.value);
    return {input.value, entry.key};
  }
  // A map is one item.
  const std::vector<Node> one =
      entry.value.is_map() ? std::vector<Node>{entry.value} : entry.value.items();
  const std::vector<Node> items = {as_named_item(entry.key, entry.mark, one, c_.ops)};
  List branch = branch_list(items, path, item, start, list);
  expand(branch);
  return {branch.previous, entry.key};
}

}  // namespace cnn::build

#include "graph/builder/expander.h"

#include "base/text.h"

namespace cnn::build {
namespace {

std::string path_of(const std::string& name, const List& list) {
  return name.empty() ? list.number_prefix + std::to_string(list.next_number) : list.prefix + name;
}

bool is_side(const Item& item) { return item.op->kind == Op::Kind::kSide; }

Item without_from(Item item) {
  std::erase_if(item.common, [](const Entry& e) { return e.key == "from"; });
  return item;
}

}  // namespace

void Expander::expand(List& list) {
  if (++depth_ > kMaxDepth) {
    const Mark mark = list.items.empty() ? Mark{} : list.items.front().mark();
    c_.diagnostics.report(mark, fmt::format("items are nested deeper than {} levels", kMaxDepth));
    c_.diagnostics.throw_if_any();
  }
  for (list.index = 0; list.index < list.items.size(); ++list.index) {
    expand_item(list.items[list.index], list);
  }
  --depth_;
}

void Expander::count_item(const Mark& mark) {
  if (++items_ <= kMaxItems) return;
  c_.diagnostics.report(
      mark, fmt::format("the model expands to more than {} items", with_commas(kMaxItems)));
  c_.diagnostics.throw_if_any();
}

void Expander::expand_item(const Node& written, List& list) {
  count_item(written.mark());
  std::optional<Node> node = written;
  if (is_expression(written)) node = c_.evaluate(written, list);
  std::optional<Node> map = node ? item_map(*node, c_.diagnostics) : std::nullopt;
  if (map) {
    expand_named(std::move(*map), written.mark(), list);
  } else {
    ++list.next_number;
    list.previous = kUnknown;
  }
}

std::string Expander::read_name(const Node& map, List& list) {
  const Node* written = map.find("name");
  if (!written) return "";
  const std::optional<Node> name = c_.evaluate(*written, list);
  if (!name) return "";
  const std::string text = name->is_scalar() ? name->text() : "";
  if (!name->is_scalar() && !name->is_null()) {
    c_.diagnostics.report(written->mark(), "expected a name, found " + name->describe());
    return "";
  }
  return check_name(text, written->mark(), "layer", c_.diagnostics) ? text : "";
}

// The item's name and path (rule 9), after the patches that `edit` has for it.
Expander::Place Expander::place(Node& map, const Mark& mark, List& list) {
  const auto splices = [&] {
    const Entry* op = find_op_entry(map, c_.ops);
    return op && c_.ops.find(op->key)->splices();
  };
  Place place;
  place.name = read_name(map, list);
  place.path = place.edited_path = path_of(place.name, list);
  if (!place.name.empty() || !splices()) place.edit = c_.edits.apply(place.path, map);
  if (place.edit == Edits::Effect::kPatched) {
    place.name = read_name(map, list);
    place.path = path_of(place.name, list);
  }
  place.is_bound = !place.name.empty() || !splices();
  place.mark = place.name.empty() ? mark : map.find("name")->mark();
  return place;
}

void Expander::expand_named(Node map, const Mark& mark, List& list) {
  const Place here = place(map, mark, list);
  const std::optional<Item> item = read_item(map, c_.ops, c_.diagnostics);
  const Presence there = item ? presence(*item, here.edit == Edits::Effect::kDeleted, list)
                              : Presence{Presence::Kind::kUnclear};
  if (there.is_dropped()) return drop(*item, here, there, list);

  int value = kUnknown;
  const bool is_new = !here.is_bound || c_.names.open(here.path, here.mark, c_.diagnostics);
  if (!item || !item->op->splices()) ++list.next_number;
  const size_t shared = list.shared.size();
  if (is_new && there.kind == Presence::Kind::kThere && begin_share(*item, here, list)) {
    value = there.repeat < 0 ? expand_copy(*item, here.path, list)
                             : expand_repeated(map, *item, there.repeat, here.path, list);
  }
  list.shared.resize(shared);
  if (here.is_bound && is_new) c_.names.close(here.path, value);
  if (item && is_side(*item)) return;
  list.previous = value;
  list.last = !here.name.empty() ? here.name : item ? item->op->name : "";
}

// `share: NAME`: from here on the item's weights, and those of the items in it, are those of the
// named one. False after a report, or if that one has an error.
bool Expander::begin_share(const Item& item, const Place& here, List& list) {
  const Entry* share = item.find_common("share");
  if (!share || share->value.is_null()) return true;
  if (!may_share(item, *share, here)) return false;
  const std::optional<Written> name = c_.evaluate.written(share->value, list);
  if (!name) return false;
  const size_t before = c_.diagnostics.size();
  const int value = c_.names.value_of(name->value, *name->where, " in 'share'", c_.diagnostics);
  if (value == kUnknown || c_.diagnostics.size() > before) return false;
  const std::optional<std::string> path = c_.names.path_of(name->value.text(), *name->where);
  const Binding* binding = path ? c_.names.at(*path) : nullptr;
  if (!binding || binding->is_dropped()) {
    c_.diagnostics.report(name->value.mark(),
                          fmt::format("'{}' in 'share' {}", name->value.text(),
                                      binding ? "is dropped" : "is no item's name"));
    return false;
  }
  list.shared.emplace_back(here.path, list.weights_path(*path));
  return true;
}

bool Expander::may_share(const Item& item, const Entry& share, const Place& here) {
  for (const Entry& e : item.common) {
    if (!is_setting(e.key)) continue;
    c_.diagnostics.report(e.mark, fmt::format("'{}' beside 'share'", e.key),
                          "the weights are those of the other item: write it there");
    return false;
  }
  if (item.op->splices()) {
    c_.diagnostics.report(share.mark, "'share' on a block that is spliced in",
                          "put it on the items in the block");
    return false;
  }
  const bool has_branches = item.op->layer &&
                            item.op->layer->inputs == LayerType::Inputs::kBranches &&
                            !item.value.is_scalar();
  if (has_branches && here.name.empty()) {
    c_.diagnostics.report(share.mark, fmt::format("'share' on a {} without a name", item.op->name),
                          "the paths of what is in its branches begin with it");
    return false;
  }
  return true;
}

// Of what is dropped only a name stays; the other phase keeps its number too.
void Expander::drop(const Item& item, const Place& here, const Presence& there, List& list) {
  if (there.kind == Presence::Kind::kDroppedByPhase) {
    const int value = here.name.empty() ? list.previous : stand_in(item, list);
    c_.names.drop(here.path, here.mark, Binding::State::kDroppedByPhase, value);
    ++list.next_number;
    return;
  }
  // The number, or an alternative of that name, may still meet the patch.
  if (here.edit == Edits::Effect::kPatched) c_.edits.give_back(here.edited_path);
  if (here.name.empty()) return;
  c_.names.drop(here.path, here.mark, Binding::State::kDroppedByIf, stand_in(item, list));
}

// Whether the item is there at all (rule 7), and how often (rule 6).
Expander::Presence Expander::presence(const Item& item, bool is_deleted, const List& list) {
  Presence result;
  if (is_deleted) {
    result.kind = Presence::Kind::kDroppedByIf;
    return result;
  }
  if (const Node* condition = item.common_value("if")) {
    const std::optional<bool> holds = c_.evaluate.condition(*condition, list);
    if (!holds) {
      result.kind = Presence::Kind::kUnclear;
      return result;
    }
    if (!*holds) {
      result.kind = Presence::Kind::kDroppedByIf;
      return result;
    }
  }
  const bool ok = read_repeat(item, list, result);
  if (!read_phase(item, list, result) || !ok) result.kind = Presence::Kind::kUnclear;
  return result;
}

bool Expander::read_repeat(const Item& item, const List& list, Presence& presence) {
  const Entry* repeat = item.find_common("repeat");
  if (!repeat) {
    const Entry* first = item.find_common("first");
    if (first) {
      c_.diagnostics.report(first->mark, "'first' without 'repeat'",
                            "it overrides keys for the first of several copies");
    }
    return !first;
  }
  const std::optional<Node> value = c_.evaluate(repeat->value, list);
  if (!value) return false;
  const std::optional<int64_t> count = value->read_int(c_.diagnostics);
  if (!count) return false;
  if (*count < 0) {
    c_.diagnostics.report(value->mark(),
                          fmt::format("'repeat' must be at least 0, found {}", *count));
    return false;
  }
  if (*count > kMaxItems) {
    c_.diagnostics.report(value->mark(), fmt::format("'repeat' must be at most {}, found {}",
                                                     with_commas(kMaxItems), with_commas(*count)));
    return false;
  }
  presence.repeat = static_cast<int>(*count);
  if (*count == 0) presence.kind = Presence::Kind::kDroppedByIf;
  return true;
}

bool Expander::read_phase(const Item& item, const List& list, Presence& presence) {
  const Entry* phase = item.find_common("phase");
  if (!phase || presence.kind != Presence::Kind::kThere) return true;
  const std::optional<Node> value = c_.evaluate(phase->value, list);
  if (!value) return false;
  const std::string word = value->is_scalar() ? value->text() : "";
  if (word != "train" && word != "test") {
    c_.diagnostics.report(value->mark(), "expected 'train' or 'test', found " + value->describe(),
                          "the phase in which the item exists");
    return false;
  }
  if (item.op->splices()) {
    c_.diagnostics.report(phase->mark, "'phase' on a block that is spliced in",
                          "put it on the items in the block");
    return false;
  }
  if ((word == "train") != (c_.phase == Phase::kTrain)) {
    presence.kind = Presence::Kind::kDroppedByPhase;
  }
  return true;
}

// What a dropped item's name stands for: its (first) input.
int Expander::stand_in(const Item& item, const List& list) {
  const Node* from = item.common_value("from");
  const bool has_value = item.op->names_inputs() && !item.value.is_null();
  if (!has_value && (!from || !from->is_list() || from->items().empty())) {
    return input_of(item, list).value;
  }
  const Node* first = has_value ? &item.value : from;
  if (first->is_list() && !first->items().empty()) first = &first->items().front();
  if (first->is_map() && !first->entries().empty()) first = &first->entries().front().value;
  // A branch is not built, nor looked into: it starts at the item's input.
  if (!first->is_scalar()) return input_of(item, list).value;
  const std::optional<Written> name = c_.evaluate.written(*first, list);
  return name ? named_input(name->value, *name->where, "").value : kUnknown;
}

int Expander::expand_repeated(const Node& map, const Item& item, int count, const std::string& path,
                              List& list) {
  const bool splices = item.op->splices();
  int value = kUnknown;
  if (!splices) list.levels.push_back(path);
  for (int i = 0; i < count; ++i) {
    count_item(item.mark);
    const std::string copy_path = splices ? path : fmt::format("{}.{}", path, i);
    const std::optional<Item> copy = i == 0 ? first_copy(map, item, list) : without_from(item);
    if (!splices) c_.names.open(copy_path, item.mark, c_.diagnostics);
    value = copy ? expand_copy(*copy, copy_path, list) : kUnknown;
    if (!splices) c_.names.close(copy_path, value);
    if (!is_side(item)) list.previous = value;
  }
  if (!splices) list.levels.pop_back();
  return value;
}

// Copy 0, with what `first` overrides.
std::optional<Item> Expander::first_copy(const Node& map, const Item& item, const List& list) {
  const Entry* first = item.find_common("first");
  if (!first || first->value.is_null()) return item;
  std::optional<Node> changes = first->value;
  if (is_expression(first->value)) changes = c_.evaluate(first->value, list);
  if (!changes) return std::nullopt;
  if (!changes->is_map()) {
    c_.diagnostics.report(changes->mark(), "'first' expects a map, found " + changes->describe(),
                          "write {stride: 2}");
    return std::nullopt;
  }
  for (const Entry& e : changes->entries()) {
    const bool is_fixed =
        is_common_key(e.key) && e.key != "act" && !is_setting(e.key) && !item.op->has_option(e.key);
    if (!is_fixed) continue;
    c_.diagnostics.report(e.mark, fmt::format("'{}' cannot stand in 'first'", e.key),
                          "write it at the item");
    return std::nullopt;
  }
  Node copy = map;
  overlay(copy, *changes, c_.ops);
  return read_item(copy, c_.ops, c_.diagnostics);
}

int Expander::expand_copy(const Item& item, const std::string& path, List& list) {
  const bool again = recomputes(item, list);
  const int first = c_.writer.node_count();
  int value = kUnknown;
  switch (item.op->kind) {
    case Op::Kind::kLayer:
      value = expand_layer(item, path, list);
      break;
    case Op::Kind::kBlock:
      value = call_block(item, path, list);
      break;
    case Op::Kind::kSeq:
    case Op::Kind::kSide:
      value = expand_seq(item, path, list);
      break;
  }
  value = expand_activation(item, path, value, list);
  if (again) c_.writer.recompute_from(first);
  return value;
}

// Of the blocks in each other that say so, the outermost counts.
bool Expander::recomputes(const Item& item, const List& list) {
  const Entry* recompute = item.find_common("recompute");
  if (!recompute) return false;
  const std::optional<Node> value = c_.evaluate(recompute->value, list);
  if (!value || value->is_null()) return false;
  const bool again = value->read_bool(c_.diagnostics).value_or(false);
  if (again && item.op->kind == Op::Kind::kLayer && !item.op->names_inputs()) {
    c_.diagnostics.report(recompute->mark, "'recompute' on a single layer saves no memory",
                          "put it on a block or a seq, whose inner values are then not kept");
  }
  return again;
}

// A folded activation is a layer of its own, called NAME.act.
int Expander::expand_activation(const Item& item, const std::string& path, int value,
                                const List& list) {
  const Entry* own = item.find_common("act");
  const std::optional<Entry>& fallback = c_.defaults.of(*item.op).act;
  const Entry* act = own ? own : fallback ? &*fallback : nullptr;
  if (!act || act->value.is_null()) return value;
  if (item.op->splices()) {
    c_.diagnostics.report(act->mark, "'act' on a block that is spliced in",
                          "put it on the block's last item");
    return kUnknown;
  }
  if (const GraphNode* node = c_.writer.maker_of(value); node && node->plan.goes_on > 0) {
    c_.diagnostics.report(act->mark, fmt::format("'act' on a {}", item.op->name),
                          "put it on an item that reads a part");
    return kUnknown;
  }
  const std::optional<Node> node = c_.evaluate(act->value, list);
  if (!node) return kUnknown;
  if (node->is_null()) return value;
  count_item(node->mark());
  const std::optional<Item> activation = read_activation(*node, act->mark);
  if (!activation) return kUnknown;
  const std::string act_path = path + ".act";
  if (!c_.names.open(act_path, act->mark, c_.diagnostics)) return kUnknown;
  List behind = list;
  behind.previous = value;
  behind.in_side = list.in_side || is_side(item);
  behind.folded_into = path;
  const int result = activation->op->kind == Op::Kind::kBlock
                         ? call_block(*activation, act_path, behind)
                         : expand_layer(*activation, act_path, behind);
  c_.names.close(act_path, result);
  return result;
}

std::optional<Item> Expander::read_activation(const Node& value, const Mark& mark) {
  if (value.is_list()) {
    c_.diagnostics.report(mark, "'act' expects one activation, found a list");
    return std::nullopt;
  }
  const std::optional<Node> map = item_map(value, c_.diagnostics);
  if (!map) return std::nullopt;
  std::optional<Item> item = read_item(*map, c_.ops, c_.diagnostics);
  if (!item) return std::nullopt;
  const Op& op = *item->op;
  const bool is_one_to_one = op.layer ? !op.is_loss() && !op.names_inputs() : op.block != nullptr;
  if (!is_one_to_one || op.splices()) {
    c_.diagnostics.report(item->op_mark, fmt::format("'{}' is no activation", op.name),
                          "make it an item of its own");
    return std::nullopt;
  }
  if (!item->common.empty()) {
    const Entry& e = item->common.front();
    c_.diagnostics.report(e.mark, fmt::format("'{}' cannot stand in 'act'", e.key),
                          "make the activation an item of its own");
    return std::nullopt;
  }
  return item;
}

}  // namespace cnn::build

#include "graph/builder/item.h"

#include <algorithm>

#include "layers/catalog.h"
#include "spec/model_spec.h"

namespace cnn::build {
namespace {

const Entry* find_entry(const std::vector<Entry>& entries, std::string_view key) {
  for (const Entry& e : entries) {
    if (e.key == key) return &e;
  }
  return nullptr;
}

// The keys that are ops and no option of another op that is present.
std::vector<const Entry*> op_entries(const Node& map, const Ops& ops) {
  std::vector<const Entry*> candidates;
  for (const Entry& e : map.entries()) {
    if (!is_common_key(e.key) && ops.find(e.key)) candidates.push_back(&e);
  }
  std::vector<const Entry*> remaining;
  for (const Entry* e : candidates) {
    const bool is_option = std::any_of(candidates.begin(), candidates.end(), [&](const Entry* o) {
      return o != e && ops.find(o->key)->has_option(e->key);
    });
    if (!is_option) remaining.push_back(e);
  }
  // Each an option of the other: the first is the op.
  if (remaining.empty() && !candidates.empty()) remaining.push_back(candidates.front());
  return remaining;
}

void report_no_op(const Node& map, const Ops& ops, Diagnostics& diagnostics) {
  const Entry* blamed = nullptr;
  for (const Entry& e : map.entries()) {
    if (is_common_key(e.key)) continue;
    if (!blamed) blamed = &e;
    if (ops.resembles(e.key)) {
      blamed = &e;
      break;
    }
  }
  if (!blamed) {
    diagnostics.report(map.mark(), "an item without a layer",
                       "every item names one: {conv: 16, kernel: 3}");
    return;
  }
  const bool is_type = blamed->key == "type" || blamed->key == "op" || blamed->key == "layer";
  if (is_type && blamed->value.is_scalar() && ops.find(blamed->value.text())) {
    diagnostics.report(
        blamed->mark, fmt::format("unknown layer '{}'", blamed->key),
        fmt::format("the layer is the key itself: {{{}: ...}}", blamed->value.text()));
    return;
  }
  ops.report_unknown(blamed->mark, blamed->key, false, diagnostics);
}

// {cnov: 6, pad: 1}: 'pad' is an op, but here rather the option of one before it.
bool is_option_of_misspelt_op(const Entry& op, const Node& map, const Ops& ops) {
  if (!ops.is_any_option(op.key)) return false;
  for (const Entry& e : map.entries()) {
    if (&e == &op) return false;
    const bool is_known = is_common_key(e.key) || ops.find(op.key)->has_option(e.key);
    if (!is_known && ops.resembles(e.key)) return true;
  }
  return false;
}

const Vocabulary& merge_vocabulary() {
  static const Vocabulary vocabulary = {layer_names(), Initializer::names(), {}, {}};
  return vocabulary;
}

}  // namespace

const Entry* Item::find_common(std::string_view key) const { return find_entry(common, key); }

const Node* Item::common_value(std::string_view key) const {
  const Entry* e = find_common(key);
  return e ? &e->value : nullptr;
}

const Entry* Item::option(std::string_view key) const { return find_entry(options, key); }

std::optional<Node> item_map(const Node& node, Diagnostics& diagnostics) {
  if (node.is_map() && !node.entries().empty()) return node;
  if (node.is_scalar()) {
    return Node::map({{node.text(), node.mark(), Node::null(node.mark())}}, node.mark());
  }
  diagnostics.report(node.mark(), "expected an item, found " + node.describe(),
                     node.is_list() ? "a list inside a list is {seq: [...]}"
                                    : "write a layer: 'relu' or {conv: 16, kernel: 3}");
  return std::nullopt;
}

const Entry* find_op_entry(const Node& map, const Ops& ops) {
  const std::vector<const Entry*> found = op_entries(map, ops);
  return found.size() == 1 ? found.front() : nullptr;
}

const Entry* op_entry(const Node& map, const Ops& ops, Diagnostics& diagnostics) {
  const std::vector<const Entry*> found = op_entries(map, ops);
  if (found.empty()) {
    report_no_op(map, ops, diagnostics);
    return nullptr;
  }
  if (found.size() == 1) {
    if (!is_option_of_misspelt_op(*found.front(), map, ops)) return found.front();
    report_no_op(map, ops, diagnostics);
    return nullptr;
  }
  const Op& second = *ops.find(found[1]->key);
  const bool is_activation = second.layer && second.layer->role == LayerType::Role::kActivation;
  diagnostics.report(
      found[1]->mark,
      fmt::format("two layers in one item: '{}' and '{}'", found[0]->key, found[1]->key),
      is_activation ? fmt::format("write 'act: {}', or two items", second.name)
                    : "make them two items");
  return nullptr;
}

std::optional<Item> read_item(const Node& map, const Ops& ops, Diagnostics& diagnostics) {
  const Entry* op = op_entry(map, ops, diagnostics);
  if (!op) return std::nullopt;
  Item item;
  item.mark = map.mark();
  item.op_mark = op->mark;
  item.op = ops.find(op->key);
  item.value = op->value;
  for (const Entry& e : map.entries()) {
    if (&e == op) continue;
    const bool is_common = is_common_key(e.key) && !item.op->has_option(e.key);
    (is_common ? item.common : item.options).push_back(e);
  }
  return item;
}

void overlay(Node& map, const Node& patch, const Ops& ops) {
  const Entry* op = find_op_entry(map, ops);
  const std::string op_name = op ? op->key : "";
  const std::string primary = op ? ops.find(op->key)->primary : "";
  Node changes = patch;
  // A bare op names the item's own op and changes nothing.
  const Node* value = op_name.empty() ? nullptr : patch.find(op_name);
  if (value && value->is_null()) changes.erase(op_name);
  if (!primary.empty() && changes.find(primary)) {
    *map.find(op_name) = Node::null(map.entry(op_name)->mark);
  }
  if (!primary.empty() && changes.find(op_name)) map.erase(primary);
  merge(map, changes, merge_vocabulary());
  if (const Entry* act = patch.entry("act"); act && act->value.is_null()) {
    map.set("act", act->value);
  }
}

}  // namespace cnn::build

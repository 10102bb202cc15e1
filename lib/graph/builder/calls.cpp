// Calls of blocks (rule 5).
#include <algorithm>

#include "base/text.h"
#include "graph/builder/expander.h"

namespace cnn::build {

int Expander::call_block(const Item& item, const std::string& path, List& list) {
  const Block& block = *item.op->block;
  if (block.is_broken || calls_itself(item)) return kUnknown;
  Body body;
  body.block = block.name;
  body.input = input_of(item, list).value;
  body.first_binding = block.splice ? c_.names.size() : 0;
  List inside(body, block.layers.items());
  inside.previous = body.input;
  inside.in_side = list.in_side;
  inside.levels = list.levels;
  inside.shared = list.shared;
  if (block.splice) {
    inside.prefix = list.prefix;
    inside.number_prefix = list.number_prefix;
    inside.next_number = list.next_number;
    // Of a call with a name it is a group of items all the same, for drawings.
    if (const Node* name = item.common_value("name"); name && !name->is_null()) {
      inside.levels.push_back(path);
      c_.writer.note_block(path, block.name);
    }
  } else {
    inside.set_path(path);
    inside.levels.push_back(path);
    c_.writer.note_block(path, block.name);
  }
  inherit(inside, item, list);
  if (!bind_arguments(item, body, inside, list)) return kUnknown;

  const Diagnostics::Within note(
      c_.diagnostics, fmt::format("in block '{}', called at {}", block.name, item.mark.place()));
  calls_.push_back(&block);
  expand(inside);
  calls_.pop_back();
  if (block.splice) list.next_number = inside.next_number;
  return inside.previous;
}

bool Expander::calls_itself(const Item& item) {
  const Block& block = *item.op->block;
  const auto around = std::find(calls_.begin(), calls_.end(), &block);
  if (around == calls_.end()) return false;
  std::string way;
  for (auto i = around; i != calls_.end(); ++i) way += (*i)->name + " -> ";
  c_.diagnostics.report(item.op_mark, fmt::format("block '{}' calls itself", block.name), "",
                        {way + block.name});
  return true;
}

// The arguments as given: as the op's value, by position, by key, or as a map of keys.
std::optional<std::vector<Entry>> Expander::given_arguments(const Item& item) {
  const Block& block = *item.op->block;
  std::vector<Entry> given;
  bool ok = true;  // false: an argument may be missing because its key is misspelt
  const auto add = [&](const Entry& e) {
    const bool is_twice = std::any_of(given.begin(), given.end(),
                                      [&](const Entry& other) { return other.key == e.key; });
    if (!block.argument(e.key)) {
      report_unknown_key(e, *item.op, nullptr, common_key_names(), c_.diagnostics);
      ok = false;
    } else if (is_twice) {
      c_.diagnostics.report(e.mark,
                            fmt::format("'{}' is given twice for {}", e.key, item.op->describe()));
      ok = false;
    } else {
      given.push_back(e);
    }
  };
  const size_t values = item.value.is_list()     ? item.value.items().size()
                        : item.value.is_scalar() ? 1
                                                 : 0;
  if (values > block.arguments.size()) {
    c_.diagnostics.report(
        item.value.mark(),
        fmt::format("{} takes {} argument{}, found {}", item.op->describe(), block.arguments.size(),
                    block.arguments.size() == 1 ? "" : "s", values),
        block.arguments.empty() ? "" : "in this order: " + join(block.argument_names(), ", "));
    return std::nullopt;
  }
  for (size_t i = 0; i < values; ++i) {
    const Node& value = item.value.is_list() ? item.value.items()[i] : item.value;
    add({block.arguments[i].key, value.mark(), value});
  }
  for (const Entry& e : item.value.entries()) add(e);
  for (const Entry& e : item.options) add(e);
  return ok ? std::optional(std::move(given)) : std::nullopt;
}

bool Expander::bind_arguments(const Item& item, Body& body, const List& inside, const List& list) {
  const std::optional<std::vector<Entry>> given = given_arguments(item);
  if (!given) return false;
  bool ok = true;
  for (const Entry& declared : item.op->block->arguments) {
    const auto found = std::find_if(given->begin(), given->end(),
                                    [&](const Entry& e) { return e.key == declared.key; });
    const Entry* entry = found == given->end() ? nullptr : &*found;
    ok = bind_argument(declared, entry, item, body, inside, list) && ok;
  }
  return ok;
}

// A given value is evaluated where the call stands, a default inside the block, after the arguments
// before it.
bool Expander::bind_argument(const Entry& declared, const Entry* given, const Item& item,
                             Body& body, const List& inside, const List& list) {
  const bool is_required = declared.value.is_null();
  const Entry* fallback = c_.defaults.of(*item.op).option(declared.key);
  const bool is_given = given && !(is_required && given->value.is_null());
  if (!is_given && fallback) {
    body.arguments[declared.key] = {fallback->value, &list};
    return true;
  }
  if (!is_given && is_required) {
    const bool is_primary = declared.key == item.op->primary;
    c_.diagnostics.report(item.op_mark,
                          fmt::format("{} needs '{}'", item.op->describe(), declared.key),
                          is_primary ? fmt::format("write '{}: ...'", item.op->name)
                                     : fmt::format("add '{}: ...'", declared.key));
    return false;
  }
  const size_t before = c_.diagnostics.size();
  std::optional<Written> value =
      c_.evaluate.written(is_given ? given->value : declared.value, is_given ? list : inside);
  if (value) {
    body.arguments[declared.key] = {std::move(value->value), value->where};
    return true;
  }
  // Without a report the value depends on an item that has an error.
  body.arguments[declared.key] = {Node::scalar("1", declared.mark), &list, false};
  return c_.diagnostics.size() == before;
}

}  // namespace cnn::build

// Item: one entry of a list of layers, taken apart (rule 1).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/builder/ops.h"

namespace cnn::build {

struct Item {
  Mark mark;     // the whole item
  Mark op_mark;  // its op key
  const Op* op = nullptr;
  Node value;                  // of the op key; null if there is none
  std::vector<Entry> options;  // the op's options or arguments, and keys that are nobody's
  std::vector<Entry> common;   // `name from act ...`

  const Entry* find_common(std::string_view key) const;
  const Node* common_value(std::string_view key) const;
  const Entry* option(std::string_view key) const;
};

// An item as a map: a bare op becomes {op: ~}. Reports a list, a null or anything else.
std::optional<Node> item_map(const Node& node, Diagnostics& diagnostics);

// The entry of the op of an item's map; reports (and gives null) if there is none or several.
const Entry* op_entry(const Node& map, const Ops& ops, Diagnostics& diagnostics);
// The same without reports.
const Entry* find_op_entry(const Node& map, const Ops& ops);

std::optional<Item> read_item(const Node& map, const Ops& ops, Diagnostics& diagnostics);

// Puts `patch` over an item's map: maps merge, all else is replaced; the op's own value and the
// primary option by its name are one and the same. `~` deletes a key, but leaves `act: ~`, which
// also cancels a default.
void overlay(Node& map, const Node& patch, const Ops& ops);

}  // namespace cnn::build

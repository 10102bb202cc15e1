#include "data/text_options.h"

namespace cnn {

void declare_unit(Options& o, TextUnit& unit, TextUnit usual) {
  unit = usual;
  o.choice("unit", unit,
           {{"word", TextUnit::kWord},
            {"character", TextUnit::kCharacter},
            {"byte", TextUnit::kByte},
            {"pairs", TextUnit::kPairs}},
           "what a text is a list of; pairs: pieces of words, learned by merging pairs");
}

std::optional<int64_t> NumbersByField::of(std::string_view field) const {
  for (const auto& [name, number] : by_field) {
    if (name == field) return number;
  }
  return all;
}

std::string OptionType<NumbersByField>::name() { return "integer, or integers by field"; }
OptionSchema OptionType<NumbersByField>::schema() {
  return OptionSchema::one_of(
      {OptionSchema::integer(), OptionSchema::map_of(OptionSchema::integer())});
}
bool OptionType<NumbersByField>::read(const Node& node, NumbersByField& out, Diagnostics& d) {
  out = {};
  const auto read_one = [&](const Node& from) {
    const std::optional<int64_t> number = from.as_int();
    if (number && *number >= 1) return number;
    d.report(from.mark(), "expected a whole number from 1 on, found " + from.describe(),
             "for example 8000, or {source: 8000, target: 6000}");
    return std::optional<int64_t>();
  };
  if (!node.is_map()) {
    out.all = read_one(node);
    return out.all.has_value();
  }
  for (const Entry& entry : node.entries()) {
    const std::optional<int64_t> number = read_one(entry.value);
    if (!number) return false;
    out.by_field.emplace_back(entry.key, *number);
  }
  return true;
}
Node OptionType<NumbersByField>::write(const NumbersByField& value) {
  if (value.all) return Node::scalar(std::to_string(*value.all));
  if (value.by_field.empty()) return Node();
  Node map = Node::map({});
  for (const auto& [name, number] : value.by_field) {
    map.set(name, Node::scalar(std::to_string(number)));
  }
  return map;
}

}  // namespace cnn

#include "layers/pair_option.h"

namespace cnn {

std::string OptionType<Pair>::name() { return "integer or [h, w]"; }
OptionSchema OptionType<Pair>::schema() {
  return OptionSchema::one_of(
      {OptionSchema::integer(), OptionSchema::list_of(OptionSchema::integer(), 2)});
}

bool OptionType<Pair>::read(const Node& node, Pair& out, Diagnostics& d) {
  if (!node.is_list()) {
    const std::optional<int64_t> both = node.read_int(d);
    if (!both) return false;
    out = {*both, *both};
    return true;
  }
  if (node.items().size() != 2) {
    d.report(node.mark(),
             "expected " + name() + ", found a list of " + std::to_string(node.items().size()));
    return false;
  }
  const std::optional<int64_t> h = node.items()[0].read_int(d), w = node.items()[1].read_int(d);
  if (!h || !w) return false;
  out = {*h, *w};
  return true;
}

Node OptionType<Pair>::write(const Pair& value) {
  const Node h = Node::scalar(std::to_string(value.h));
  if (value.h == value.w) return h;
  return Node::list({h, Node::scalar(std::to_string(value.w))});
}

}  // namespace cnn

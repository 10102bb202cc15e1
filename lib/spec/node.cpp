#include "spec/node.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "spec/limits.h"
#include "spec/scalar.h"

namespace cnn {

Node Node::null(Mark mark) {
  Node node;
  node.mark_ = std::move(mark);
  return node;
}

Node Node::scalar(std::string text, Mark mark, bool quoted) {
  Node node;
  node.kind_ = Kind::kScalar;
  node.text_ = std::move(text);
  node.mark_ = std::move(mark);
  node.quoted_ = quoted;
  return node;
}

Node Node::list(std::vector<Node> items, Mark mark) {
  Node node;
  node.kind_ = Kind::kList;
  node.items_ = std::move(items);
  node.mark_ = std::move(mark);
  return node;
}

Node Node::map(std::vector<Entry> entries, Mark mark) {
  Node node;
  node.kind_ = Kind::kMap;
  node.entries_ = std::move(entries);
  node.mark_ = std::move(mark);
  return node;
}

const Entry* Node::entry(std::string_view key) const {
  for (const Entry& e : entries_) {
    if (e.key == key) return &e;
  }
  return nullptr;
}

const Node* Node::find(std::string_view key) const {
  const Entry* found = entry(key);
  return found ? &found->value : nullptr;
}

Node* Node::find(std::string_view key) {
  return const_cast<Node*>(static_cast<const Node*>(this)->find(key));
}

void Node::set(std::string_view key, Node value) {
  CNN_ASSERT(is_map() || is_null());
  kind_ = Kind::kMap;
  if (Node* old = find(key)) {
    *old = std::move(value);
  } else {
    Mark mark = value.mark();
    entries_.push_back({std::string(key), std::move(mark), std::move(value)});
  }
}

void Node::erase(std::string_view key) {
  std::erase_if(entries_, [&](const Entry& e) { return e.key == key; });
}

std::optional<int64_t> Node::as_int() const {
  return is_scalar() && !quoted_ ? parse_int(text_) : std::nullopt;
}

std::optional<double> Node::as_double() const {
  return is_scalar() && !quoted_ ? parse_real(text_) : std::nullopt;
}

std::optional<bool> Node::as_bool() const {
  return is_scalar() && !quoted_ ? parse_bool(text_) : std::nullopt;
}

std::optional<int64_t> Node::read_int(Diagnostics& diagnostics) const {
  const std::optional<int64_t> value = as_int();
  if (!value) diagnostics.report(mark_, "expected an integer, found " + describe());
  return value;
}

std::optional<double> Node::read_double(Diagnostics& diagnostics) const {
  const std::optional<double> value = as_double();
  if (!value) diagnostics.report(mark_, "expected a number, found " + describe());
  return value;
}

std::optional<bool> Node::read_bool(Diagnostics& diagnostics) const {
  const std::optional<bool> value = as_bool();
  if (!value) diagnostics.report(mark_, "expected true or false, found " + describe());
  return value;
}

std::optional<std::string> Node::read_string(Diagnostics& diagnostics) const {
  if (is_scalar()) return text_;
  diagnostics.report(mark_, "expected a word, found " + describe());
  return std::nullopt;
}

std::string Node::describe() const {
  constexpr size_t kShown = 40;
  switch (kind_) {
    case Kind::kNull:
      return "nothing (~)";
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      return "a map";
    case Kind::kScalar:
      break;
  }
  if (text_.size() <= kShown) return (quoted_ ? "the text '" : "'") + text_ + "'";
  size_t end = kShown;
  while (end > 0 && (static_cast<unsigned char>(text_[end]) & 0xC0u) == 0x80u) --end;
  return "'" + text_.substr(0, end) + "...'";
}

size_t weight(const Node& node) {
  size_t sum = scalar_weight(node.text().size());
  for (const Node& item : node.items()) sum += weight(item);
  for (const Entry& e : node.entries()) sum += scalar_weight(e.key.size()) + weight(e.value);
  return sum;
}

int depth(const Node& node) {
  if (!node.is_list() && !node.is_map()) return 0;
  int deepest = 0;
  for (const Node& item : node.items()) deepest = std::max(deepest, depth(item));
  for (const Entry& e : node.entries()) deepest = std::max(deepest, depth(e.value));
  return deepest + 1;
}

}  // namespace cnn

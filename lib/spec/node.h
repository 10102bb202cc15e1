// Node: a YAML value with its position; plain data, copied freely.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "spec/diagnostics.h"

namespace cnn {

struct Entry;

class Node {
 public:
  enum class Kind { kNull, kScalar, kList, kMap };

  Node() = default;  // null
  static Node null(Mark mark);
  static Node scalar(std::string text, Mark mark = {}, bool quoted = false);
  static Node list(std::vector<Node> items, Mark mark = {});
  static Node map(std::vector<Entry> entries, Mark mark = {});

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::kNull; }
  bool is_scalar() const { return kind_ == Kind::kScalar; }
  bool is_list() const { return kind_ == Kind::kList; }
  bool is_map() const { return kind_ == Kind::kMap; }
  const Mark& mark() const { return mark_; }
  void set_mark(Mark mark) { mark_ = std::move(mark); }

  const std::string& text() const { return text_; }  // scalar: as written, without quotes
  bool quoted() const { return quoted_; }            // a quoted scalar is always a string
  const std::vector<Node>& items() const { return items_; }
  std::vector<Node>& items() { return items_; }
  const std::vector<Entry>& entries() const { return entries_; }
  std::vector<Entry>& entries() { return entries_; }

  // Map access; null when this is no map or has no such key.
  const Node* find(std::string_view key) const;
  Node* find(std::string_view key);
  const Entry* entry(std::string_view key) const;
  void set(std::string_view key, Node value);  // replaces or appends
  void erase(std::string_view key);

  // YAML 1.2 core scalars. Each gives nothing if the node is not of that type; the `read_` forms
  // also report ("expected an integer, found '64abc'").
  std::optional<int64_t> as_int() const;    // 12, -3; not 3.0, not 010
  std::optional<double> as_double() const;  // 1e-4, 5; finite only
  std::optional<bool> as_bool() const;      // true, false
  std::optional<int64_t> read_int(Diagnostics& diagnostics) const;
  std::optional<double> read_double(Diagnostics& diagnostics) const;
  std::optional<bool> read_bool(Diagnostics& diagnostics) const;
  std::optional<std::string> read_string(Diagnostics& diagnostics) const;  // any scalar

  // "a list", "a map", "'64abc'", "nothing (~)": for messages.
  std::string describe() const;

 private:
  Kind kind_ = Kind::kNull;
  bool quoted_ = false;
  std::string text_;
  std::vector<Node> items_;
  std::vector<Entry> entries_;
  Mark mark_;
};

struct Entry {
  std::string key;
  Mark mark;  // of the key
  Node value;
};

// YAML text that reads back as the same tree. What fits on one line stands there in flow style and
// has no '\n'; longer maps and lists become block style, each line ending with '\n'.
std::string to_yaml(const Node& node);

}  // namespace cnn

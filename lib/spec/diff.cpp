#include "spec/diff.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace cnn {
namespace {

bool same_order(const Node& a, const Node& b) {
  return std::equal(a.entries().begin(), a.entries().end(), b.entries().begin(), b.entries().end(),
                    [](const Entry& x, const Entry& y) { return x.key == y.key; });
}

// `relu` as {relu: ~}; other nodes as they are.
bool is_bare_op_of(const Node& scalar, const Node& map) {
  return scalar.is_scalar() && map.is_map() && map.entries().size() == 1 &&
         map.entries()[0].key == scalar.text() && map.entries()[0].value.is_null();
}

bool same(const Node& a, const Node& b, std::string_view key, KeyOrder order_counts);

bool same_scalar(const Node& a, const Node& b) {
  if (a.quoted() == b.quoted() && a.text() == b.text()) return true;
  const std::optional<double> x = a.as_double(), y = b.as_double();
  if (x || y) return x == y;
  if (a.as_bool() || b.as_bool()) return a.as_bool() == b.as_bool();
  return a.text() == b.text();
}

bool same_map(const Node& a, const Node& b, std::string_view key, KeyOrder order_counts) {
  if (a.entries().size() != b.entries().size()) return false;
  if (order_counts(key) && !same_order(a, b)) return false;
  return std::all_of(a.entries().begin(), a.entries().end(), [&](const Entry& e) {
    const Node* other = b.find(e.key);
    return other && same(e.value, *other, e.key, order_counts);
  });
}

// `key` is the one that the nodes are values of.
bool same(const Node& a, const Node& b, std::string_view key, KeyOrder order_counts) {
  if (is_bare_op_of(a, b) || is_bare_op_of(b, a)) return true;
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Node::Kind::kNull:
      return true;
    case Node::Kind::kScalar:
      return same_scalar(a, b);
    case Node::Kind::kList:
      return std::equal(a.items().begin(), a.items().end(), b.items().begin(), b.items().end(),
                        [&](const Node& x, const Node& y) { return same(x, y, "", order_counts); });
    case Node::Kind::kMap:
      return same_map(a, b, key, order_counts);
  }
  return false;
}

// Two items that are versions of one another: of one name, or of one op.
bool is_related(const Node& a, const Node& b) {
  if (!a.is_map() || !b.is_map() || a.entries().empty() || b.entries().empty()) return false;
  const Node *x = a.find("name"), *y = b.find("name");
  if (x && y) return same_scalar(*x, *y);
  return a.entries().front().key == b.entries().front().key;
}

struct Match {
  size_t first;
  size_t second;
};

// The longest common subsequence by equality; related items count less than equal ones.
std::vector<Match> match_items(const std::vector<Node>& a, const std::vector<Node>& b,
                               KeyOrder order_counts) {
  constexpr int kEqual = 3, kRelated = 1;
  constexpr size_t kMostPairs = 1 << 20;
  if (a.size() * b.size() > kMostPairs) {  // by position
    std::vector<Match> matches;
    for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) matches.push_back({i, i});
    return matches;
  }
  std::vector<std::vector<int>> best(a.size() + 1, std::vector<int>(b.size() + 1, 0));
  const auto worth = [&](size_t i, size_t j) {
    return same(a[i], b[j], "", order_counts) ? kEqual : is_related(a[i], b[j]) ? kRelated : 0;
  };
  for (size_t i = a.size(); i-- > 0;) {
    for (size_t j = b.size(); j-- > 0;) {
      const int together = worth(i, j);
      best[i][j] = std::max(
          {best[i + 1][j], best[i][j + 1], together > 0 ? best[i + 1][j + 1] + together : 0});
    }
  }
  std::vector<Match> matches;
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const int together = worth(i, j);
    if (together > 0 && best[i][j] == best[i + 1][j + 1] + together) {
      matches.push_back({i++, j++});
    } else if (best[i][j] == best[i + 1][j]) {
      ++i;
    } else {
      ++j;
    }
  }
  return matches;
}

class Differ {
 public:
  explicit Differ(KeyOrder order_counts) : order_counts_(order_counts) {}

  std::vector<SpecDifference> run(const Node& a, const Node& b) {
    compare(a, b, "", "", "");
    return std::move(found_);
  }

 private:
  // `key`: what the nodes are values of; `name`: of the item around them.
  void compare(const Node& a, const Node& b, const std::string& path, std::string_view key,
               const std::string& name) {
    if (same(a, b, key, order_counts_)) return;
    if (a.is_map() && b.is_map()) return compare_maps(a, b, path, key, name);
    if (a.is_list() && b.is_list() && holds_items(a) && holds_items(b)) {
      return compare_lists(a, b, path, name);
    }
    found_.push_back({path, name, &a, &b, false});
  }

  // Lists of numbers or words are one value.
  static bool holds_items(const Node& list) {
    return std::any_of(list.items().begin(), list.items().end(),
                       [](const Node& item) { return !item.is_scalar(); });
  }

  void compare_maps(const Node& a, const Node& b, const std::string& path, std::string_view key,
                    const std::string& around) {
    const Node* own = a.find("name");
    const bool is_item = !path.empty() && own && own->is_scalar();
    const std::string name = is_item ? own->text() : around;
    const std::string prefix = path.empty() ? "" : path + ".";
    bool same_keys = a.entries().size() == b.entries().size();
    for (const Entry& e : a.entries()) {
      if (const Node* other = b.find(e.key)) {
        compare(e.value, *other, prefix + e.key, e.key, name);
      } else {
        same_keys = false;
        found_.push_back({prefix + e.key, name, &e.value, nullptr, false});
      }
    }
    for (const Entry& e : b.entries()) {
      if (!a.find(e.key)) found_.push_back({prefix + e.key, name, nullptr, &e.value, false});
    }
    if (order_counts_(key) && same_keys && !same_order(a, b)) {
      found_.push_back({path, name, &a, &b, true});
    }
  }

  void compare_lists(const Node& a, const Node& b, const std::string& path,
                     const std::string& name) {
    std::vector<Match> matches = match_items(a.items(), b.items(), order_counts_);
    matches.push_back({a.items().size(), b.items().size()});
    size_t i = 0, j = 0;
    for (const Match& match : matches) {
      for (; i < match.first; ++i) {
        found_.push_back({at(path, i), name, &a.items()[i], nullptr, false});
      }
      for (; j < match.second; ++j) {
        found_.push_back({at(path, match.first), name, nullptr, &b.items()[j], false});
      }
      if (match.first == a.items().size()) break;
      compare(a.items()[i], b.items()[j], at(path, i), "", name);
      ++i;
      ++j;
    }
  }

  static std::string at(const std::string& path, size_t index) {
    return fmt::format("{}.{}", path, index);
  }

  KeyOrder order_counts_;
  std::vector<SpecDifference> found_;
};

std::string keys_of(const Node& map) {
  std::vector<std::string> keys;
  for (const Entry& e : map.entries()) keys.push_back(e.key);
  return join(keys, ", ");
}

// One line, however long.
std::string on_one_line(const Node& node) {
  std::string text = to_yaml(node);
  if (text.find('\n') == std::string::npos) return text;
  return node.is_list() ? fmt::format("a list of {}", node.items().size())
                        : "a map of " + keys_of(node);
}

std::string change_of(const SpecDifference& d) {
  if (d.is_order) return fmt::format("order {} -> {}", keys_of(*d.first), keys_of(*d.second));
  if (!d.second) return "only in the first: " + on_one_line(*d.first);
  if (!d.first) return "only in the second: " + on_one_line(*d.second);
  return on_one_line(*d.first) + " -> " + on_one_line(*d.second);
}

}  // namespace

std::vector<SpecDifference> diff_specs(const Node& a, const Node& b, KeyOrder order_counts) {
  return Differ(order_counts).run(a, b);
}

std::string render_differences(const std::vector<SpecDifference>& differences) {
  std::vector<std::string> places;
  int width = 0;
  for (const SpecDifference& d : differences) {
    places.push_back(escaped(d.name.empty() ? d.path : fmt::format("{} ({})", d.path, d.name)));
    width = std::max(width, display_width(places.back()));
  }
  std::string text;
  for (size_t i = 0; i < differences.size(); ++i) {
    const int gap = width - display_width(places[i]) + 2;
    text +=
        places[i] + std::string(static_cast<size_t>(gap), ' ') + change_of(differences[i]) + "\n";
  }
  return text;
}

}  // namespace cnn

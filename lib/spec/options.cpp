#include "spec/options.h"

#include <algorithm>

#include "base/text.h"
#include "spec/scalar.h"

namespace cnn {
namespace {

// The op in "layer 'conv'"; empty if nothing is quoted there.
std::string quoted_word(std::string_view what) {
  const size_t begin = what.find('\'');
  const size_t end = what.rfind('\'');
  return begin < end ? std::string(what.substr(begin + 1, end - begin - 1)) : "";
}

bool within_bounds(const Option& option, const Node& node, Diagnostics& diagnostics) {
  bool ok = true;
  for (const Node& item : node.items()) ok = within_bounds(option, item, diagnostics) && ok;
  for (const Entry& e : node.entries()) ok = within_bounds(option, e.value, diagnostics) && ok;
  const std::optional<double> value = node.as_double();
  if (!value) return ok;
  const bool low = option.minimum && *value < *option.minimum;
  const bool high = option.maximum && *value > *option.maximum;
  if (!low && !high) return ok;
  const std::string range = !option.maximum ? "at least " + number_text(*option.minimum)
                            : !option.minimum
                                ? "at most " + number_text(*option.maximum)
                                : fmt::format("from {} to {}", *option.minimum, *option.maximum);
  diagnostics.report(node.mark(),
                     fmt::format("'{}' must be {}, found {}", option.name, range, node.describe()));
  return false;
}

bool is_one_of(std::string_view word, const std::vector<std::string>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

Option& Option::required() {
  is_required = true;
  default_text.clear();
  return *this;
}

Option& Option::primary() {
  is_primary = true;
  return *this;
}

Option& Option::aliases(std::vector<std::string> names) {
  other_names = std::move(names);
  return *this;
}

Option& Option::names_layer(const std::string& name) {
  layer = &name;
  if (type != OptionType<std::string>::name()) return *this;
  type = "name of a layer";
  write = [&name] { return name.empty() ? Node() : Node::scalar(name); };
  if (name.empty()) default_text.clear();
  return *this;
}

Option& Option::at_least(double low) {
  minimum = low;
  return *this;
}

Option& Option::between(double low, double high) {
  minimum = low;
  maximum = high;
  return *this;
}

Option& Options::add(std::string name, std::string help, std::string type, OptionSchema schema) {
  CNN_ASSERT(find(name) == nullptr);
  Option& o = table_.emplace_back();
  o.name = std::move(name);
  o.help = std::move(help);
  o.type = std::move(type);
  o.schema = std::move(schema);
  return o;
}

void Options::set_default(Option& option, const Node& value) {
  option.default_text = value.is_null() ? "" : to_yaml(value);
}

Option& Options::reference(std::string name, std::string& target, std::string help) {
  Option& o = (*this)(std::move(name), target, std::move(help));
  o.type = "name of a layer or field";
  o.is_reference = true;
  o.write = [&target] { return target.empty() ? Node() : Node::scalar(target); };
  if (target.empty()) o.default_text.clear();
  return o;
}

const Option* Options::find(std::string_view name) const {
  for (const Option& o : table_) {
    if (o.name == name) return &o;
  }
  return nullptr;
}

const Option* Options::primary() const {
  for (const Option& o : table_) {
    if (o.is_primary) return &o;
  }
  return nullptr;
}

std::vector<std::string> Options::names() const {
  std::vector<std::string> result;
  for (const Option& o : table_) result.push_back(o.name);
  return result;
}

bool Options::read_value(const Option& option, const Node& node, Diagnostics& diagnostics) {
  return within_bounds(option, node, diagnostics) && option.read(node, diagnostics);
}

bool Options::read_map(const Node& map, std::string_view what, Diagnostics& diagnostics,
                       const std::vector<std::string>& skip) const {
  if (!map.is_map() && !map.is_null()) {
    diagnostics.report(map.mark(), fmt::format("{} expects a map, found {}", what, map.describe()));
    return false;
  }
  bool ok = true;
  for (const Entry& e : map.entries()) {
    if (const Option* option = find(e.key)) {
      ok = read_value(*option, e.value, diagnostics) && ok;
    } else if (!is_one_of(e.key, skip)) {
      report_unknown(e, what, diagnostics, skip);
      ok = false;
    }
  }
  for (const Option& o : table_) {
    if (!o.is_required || map.find(o.name)) continue;
    diagnostics.report(map.mark(), fmt::format("{} needs '{}'", what, o.name), o.help);
    ok = false;
  }
  return ok;
}

bool Options::read_op(const Node& node, std::string_view op, std::string_view what,
                      Diagnostics& diagnostics, const std::vector<std::string>& skip) const {
  const Option* main = primary();
  const Entry* given = node.entry(op);
  const bool has_value = given && !given->value.is_null();
  bool ok = true;
  // The rest of the map, with the op's own value under the primary option's name.
  Node rest = Node::map({}, given ? given->mark : node.mark());
  for (const Entry& e : node.entries()) {
    if (e.key == op && given == &e) continue;
    if (main && has_value && e.key == main->name) {
      diagnostics.report(e.mark, fmt::format("'{}' is given twice for {}", e.key, what),
                         fmt::format("it is the value of '{}'", op));
      ok = false;
      continue;
    }
    rest.entries().push_back(e);
  }
  if (has_value && main) {
    rest.entries().push_back({main->name, given->mark, given->value});
  } else if (has_value) {
    diagnostics.report(given->value.mark(), fmt::format("{} takes no value of its own, found {}",
                                                        what, given->value.describe()));
    ok = false;
  }
  return read_map(rest, what, diagnostics, skip) && ok;
}

void Options::report_unknown(const Entry& entry, std::string_view what, Diagnostics& diagnostics,
                             const std::vector<std::string>& also_allowed) const {
  const std::string op = quoted_word(what);
  const std::string problem = fmt::format("unknown key '{}' for {}", entry.key, what);
  for (const Option& o : table_) {
    if (!is_one_of(entry.key, o.other_names)) continue;
    const bool is_value = o.is_primary && !op.empty();
    diagnostics.report(entry.mark, problem,
                       is_value ? fmt::format("write it as '{}: {}'", op,
                                              entry.value.is_scalar() ? entry.value.text() : "...")
                                : fmt::format("it is called '{}' here", o.name));
    return;
  }
  std::vector<std::string> allowed = names();
  allowed.insert(allowed.end(), also_allowed.begin(), also_allowed.end());
  diagnostics.report_unknown(entry.mark, "key", entry.key, allowed, fmt::format(" for {}", what));
}

Node Options::write() const {
  Node result = Node::map({});
  for (const Option& o : table_) {
    const Node value = o.write();
    const std::string text = value.is_null() ? "" : to_yaml(value);
    if (text != o.default_text) result.set(o.name, value);
  }
  return result;
}

std::optional<OpChoice> op_of(const Node& node, const std::vector<std::string>& ops,
                              std::string_view what, Diagnostics& diagnostics) {
  if (node.is_scalar()) {
    if (is_one_of(node.text(), ops)) return OpChoice{node.text(), node.mark()};
    diagnostics.report_unknown(node.mark(), what, node.text(), ops);
    return std::nullopt;
  }
  if (!node.is_map() || node.entries().empty()) {
    diagnostics.report(node.mark(), fmt::format("expected the {}, found {}", what, node.describe()),
                       "one of " + join(ops, ", "));
    return std::nullopt;
  }
  const Entry* found = nullptr;
  for (const Entry& e : node.entries()) {
    if (!is_one_of(e.key, ops)) continue;
    if (found) {
      diagnostics.report(
          e.mark, fmt::format("'{}' beside '{}': {} takes one of them", e.key, found->key, what));
      return std::nullopt;
    }
    found = &e;
  }
  if (found) return OpChoice{found->key, found->mark};
  // Blame the key that looks most like an op, else the first.
  const Entry* blamed = &node.entries().front();
  for (const Entry& e : node.entries()) {
    if (nearest(e.key, ops)) {
      blamed = &e;
      break;
    }
  }
  diagnostics.report_unknown(blamed->mark, what, blamed->key, ops);
  return std::nullopt;
}

}  // namespace cnn

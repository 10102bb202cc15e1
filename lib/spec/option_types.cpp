// How the plain C++ types are read from YAML, named and written.

#include <cmath>
#include <limits>

#include "spec/options.h"
#include "spec/scalar.h"

namespace cnn {

std::string list_name(const std::string& item) {
  const bool is_word = item.find_first_of(" ,[") == std::string::npos;
  return is_word ? "list of " + item + "s" : "list, each " + item;
}

std::string OptionType<int64_t>::name() { return "integer"; }
OptionSchema OptionType<int64_t>::schema() { return OptionSchema::integer(); }
bool OptionType<int64_t>::read(const Node& node, int64_t& out, Diagnostics& d) {
  const std::optional<int64_t> value = node.read_int(d);
  if (value) out = *value;
  return value.has_value();
}
Node OptionType<int64_t>::write(const int64_t& value) {
  return Node::scalar(std::to_string(value));
}

std::string OptionType<int>::name() { return "integer"; }
OptionSchema OptionType<int>::schema() { return OptionSchema::integer(); }
bool OptionType<int>::read(const Node& node, int& out, Diagnostics& d) {
  const std::optional<int64_t> value = node.read_int(d);
  if (!value) return false;
  using Limits = std::numeric_limits<int>;
  if (*value < Limits::min() || *value > Limits::max()) {
    d.report(node.mark(), fmt::format("expected an integer from {} to {}, found {}", Limits::min(),
                                      Limits::max(), node.describe()));
    return false;
  }
  out = static_cast<int>(*value);
  return true;
}
Node OptionType<int>::write(const int& value) { return Node::scalar(std::to_string(value)); }

std::string OptionType<double>::name() { return "number"; }
OptionSchema OptionType<double>::schema() { return OptionSchema::number(); }
bool OptionType<double>::read(const Node& node, double& out, Diagnostics& d) {
  const std::optional<double> value = node.read_double(d);
  if (value) out = *value;
  return value.has_value();
}
Node OptionType<double>::write(const double& value) { return Node::scalar(number_text(value)); }

std::string OptionType<float>::name() { return "number"; }
OptionSchema OptionType<float>::schema() { return OptionSchema::number(); }
bool OptionType<float>::read(const Node& node, float& out, Diagnostics& d) {
  const std::optional<double> value = node.read_double(d);
  if (!value) return false;
  if (std::abs(*value) > static_cast<double>(std::numeric_limits<float>::max())) {
    d.report(node.mark(), fmt::format("{} is too large for a 32-bit number", node.describe()));
    return false;
  }
  out = static_cast<float>(*value);
  return true;
}
Node OptionType<float>::write(const float& value) { return Node::scalar(number_text(value)); }

std::string OptionType<bool>::name() { return "true or false"; }
OptionSchema OptionType<bool>::schema() { return OptionSchema::boolean(); }
bool OptionType<bool>::read(const Node& node, bool& out, Diagnostics& d) {
  const std::optional<bool> value = node.read_bool(d);
  if (value) out = *value;
  return value.has_value();
}
Node OptionType<bool>::write(const bool& value) { return Node::scalar(value ? "true" : "false"); }

std::string OptionType<std::string>::name() { return "text"; }
OptionSchema OptionType<std::string>::schema() { return OptionSchema::text(); }
bool OptionType<std::string>::read(const Node& node, std::string& out, Diagnostics& d) {
  const std::optional<std::string> value = node.read_string(d);
  if (value) out = *value;
  return value.has_value();
}
Node OptionType<std::string>::write(const std::string& value) {
  // Text that looks like another scalar keeps its quotes, so that it reads back as text.
  const bool ambiguous = is_null_word(value) || parse_bool(value) || parse_real(value) ||
                         is_ambiguous_octal(value) || is_non_finite(value) ||
                         value.starts_with('$');
  return Node::scalar(value, {}, ambiguous);
}

std::string OptionType<Node>::name() { return "any value"; }
OptionSchema OptionType<Node>::schema() { return OptionSchema::any(); }
bool OptionType<Node>::read(const Node& node, Node& out, Diagnostics&) {
  out = node;
  return true;
}
Node OptionType<Node>::write(const Node& value) { return value; }

}  // namespace cnn

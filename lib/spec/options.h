// Options: a thing (a layer, an optimizer, a data format) declares its options once; the reader of
// model files, the help, the reference pages and the writer all use that table.
//
//   void Linear::options(Options& o) {
//     o("out", out_, "number of output features").primary().required().at_least(1);
//     o("bias", bias_, "add a learned offset").aliases({"use_bias"});
//   }
//
// The value that the member has when options() is called is the default that help shows.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "spec/node.h"
#include "spec/option_schema.h"

namespace cnn {

// How a C++ type is read from YAML, shown and named. Specialise it for new types.
template <class T>
struct OptionType;  // static std::string name();     for people
                    // static OptionSchema schema();  the same for tools
                    // static bool read(const Node&, T&, Diagnostics&);  reports and returns false
                    // static Node write(const T&);

struct Option {
  std::string name;
  std::string help;
  std::string type;          // "integer", "integer or [h, w]", "'floor', 'ceil' or 'exact'"
  OptionSchema schema;       // the same for tools
  std::string default_text;  // as YAML; empty for an optional without value
  bool is_required = false;
  bool is_primary = false;               // the value of the op key itself: {conv: 6}
  bool is_reference = false;             // names a layer or a field; the builder makes it an input
  const std::string* layer = nullptr;    // once read, names a layer that is looked at, or is empty
  std::vector<std::string> other_names;  // other tools' spellings: suggested, never accepted
  std::optional<double> minimum;
  std::optional<double> maximum;
  std::function<bool(const Node&, Diagnostics&)> read;
  std::function<Node()> write;

  Option& required();
  Option& primary();
  Option& aliases(std::vector<std::string> names);
  // The value may be the name of a layer, which reading it puts into `name`. Unlike a reference it
  // is no input: the layer looks at what the named one is (Setup::named). One option of a layer.
  Option& names_layer(const std::string& name);
  // Bounds of every number in the value.
  Option& at_least(double low);
  Option& between(double low, double high);
};

class Options {
 public:
  template <class T>
  Option& operator()(std::string name, T& target, std::string help) {
    Option& o =
        add(std::move(name), std::move(help), OptionType<T>::name(), OptionType<T>::schema());
    set_default(o, OptionType<T>::write(target));
    o.read = [&target](const Node& node, Diagnostics& d) {
      return OptionType<T>::read(node, target, d);
    };
    o.write = [&target] { return OptionType<T>::write(target); };
    return o;
  }
  // One word out of a list, each standing for a value: o.choice("fit", fit_, {{"floor",
  // Fit::kFloor}...}, ..).
  template <class E>
  Option& choice(std::string name, E& target, std::vector<std::pair<std::string, E>> words,
                 std::string help);
  // The name of a layer or field; the builder adds its value after the layer's other inputs, in the
  // order of declaration. `target` holds the name as written.
  Option& reference(std::string name, std::string& target, std::string help);

  const std::deque<Option>& table() const { return table_; }
  const Option* find(std::string_view name) const;
  const Option* primary() const;  // null if there is none
  std::vector<std::string> names() const;

  // Reads one value with its bounds; false after a report.
  static bool read_value(const Option& option, const Node& node, Diagnostics& diagnostics);
  // Reads a whole map: unknown keys (with suggestions), missing required ones, all values.
  // `what` names the owner in messages ("layer 'conv'", "'train'"); keys in `skip` are not ours.
  bool read_map(const Node& map, std::string_view what, Diagnostics& diagnostics,
                const std::vector<std::string>& skip = {}) const;
  // Reads an op: {sgd: 0.05, momentum: 0.9} with `op` = "sgd", whose value is the primary option;
  // or the bare word `sgd`.
  bool read_op(const Node& node, std::string_view op, std::string_view what,
               Diagnostics& diagnostics, const std::vector<std::string>& skip = {}) const;
  // Reports an unknown key, with the nearest name or the field's other spelling. The op quoted in
  // `what` is the key that the primary option is the value of.
  void report_unknown(const Entry& entry, std::string_view what, Diagnostics& diagnostics,
                      const std::vector<std::string>& also_allowed = {}) const;
  // The current values as a map; those at their defaults are left out.
  Node write() const;

 private:
  Option& add(std::string name, std::string help, std::string type, OptionSchema schema);
  static void set_default(Option& option, const Node& value);
  std::deque<Option> table_;  // references to its elements stay good
};

template <class E>
Option& Options::choice(std::string name, E& target, std::vector<std::pair<std::string, E>> words,
                        std::string help) {
  std::vector<std::string> spelled;
  for (const auto& [word, value] : words) spelled.push_back(word);
  std::string type;
  for (size_t i = 0; i < spelled.size(); ++i) {
    type += (i == 0 ? "" : i + 1 == spelled.size() ? " or " : ", ") + spelled[i];
  }
  Option& o = add(std::move(name), std::move(help), type, OptionSchema::one_word_of(spelled));
  o.write = [&target, words] {
    for (const auto& [word, value] : words) {
      if (value == target) return Node::scalar(word);
    }
    return Node();
  };
  set_default(o, o.write());
  o.read = [&target, words, spelled](const Node& node, Diagnostics& d) {
    const std::optional<std::string> text = node.read_string(d);
    if (!text) return false;
    for (const auto& [word, value] : words) {
      if (word == *text) {
        target = value;
        return true;
      }
    }
    d.report_unknown(node.mark(), "value", *text, spelled);
    return false;
  };
  return o;
}

// Types of options: int64_t, int, double, float, bool, std::string, std::vector of those,
// std::optional of those (unset: no default shown), Node (taken as it is).
// An op in a map position ({he_normal: fan_out}, {sgd: 0.1, momentum: 0.9}) is read with op_of().
struct OpChoice {
  std::string name;
  Mark mark;
};
// The one key of `node` (or the bare word) that is among `ops`; reports otherwise.
std::optional<OpChoice> op_of(const Node& node, const std::vector<std::string>& ops,
                              std::string_view what, Diagnostics& diagnostics);

#define CNN_OPTION_TYPE(T)                                      \
  template <>                                                   \
  struct OptionType<T> {                                        \
    static std::string name();                                  \
    static OptionSchema schema();                               \
    static bool read(const Node& node, T& out, Diagnostics& d); \
    static Node write(const T& value);                          \
  }
CNN_OPTION_TYPE(int64_t);
CNN_OPTION_TYPE(int);
CNN_OPTION_TYPE(double);
CNN_OPTION_TYPE(float);
CNN_OPTION_TYPE(bool);
CNN_OPTION_TYPE(std::string);
CNN_OPTION_TYPE(Node);

std::string list_name(const std::string& item);  // "list of integers"

template <class T>
struct OptionType<std::vector<T>> {
  static std::string name() { return list_name(OptionType<T>::name()); }
  static OptionSchema schema() { return OptionSchema::list_of(OptionType<T>::schema()); }
  static bool read(const Node& node, std::vector<T>& out, Diagnostics& d) {
    if (!node.is_list()) {
      d.report(node.mark(), "expected a " + name() + ", found " + node.describe());
      return false;
    }
    out.clear();
    bool ok = true;
    for (const Node& item : node.items()) {
      T value{};
      ok = OptionType<T>::read(item, value, d) && ok;
      out.push_back(std::move(value));
    }
    return ok;
  }
  static Node write(const std::vector<T>& value) {
    std::vector<Node> items;
    for (const T& v : value) items.push_back(OptionType<T>::write(v));
    return Node::list(std::move(items));
  }
};

template <class T>
struct OptionType<std::optional<T>> {
  static std::string name() { return OptionType<T>::name(); }
  static OptionSchema schema() { return OptionType<T>::schema(); }
  static bool read(const Node& node, std::optional<T>& out, Diagnostics& d) {
    if (node.is_null()) {
      out.reset();
      return true;
    }
    T value{};
    if (!OptionType<T>::read(node, value, d)) return false;
    out = std::move(value);
    return true;
  }
  static Node write(const std::optional<T>& value) {
    return value ? OptionType<T>::write(*value) : Node();
  }
};

}  // namespace cnn

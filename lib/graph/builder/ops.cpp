#include "graph/builder/ops.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "graph/language.h"
#include "layers/catalog.h"
#include "spec/options.h"

namespace cnn::build {
namespace {

// Common keys that a block may take as an argument instead (`act: $act` in its body).
constexpr std::array<std::string_view, 5> kPassable = {"act", "init", "lr_mult", "decay_mult",
                                                       "freeze"};

template <class Range, class T>
bool contains(const Range& range, const T& wanted) {
  return std::find(std::begin(range), std::end(range), wanted) != std::end(range);
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

bool is_name(std::string_view text) {
  if (text.empty()) return false;
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  if (!is_letter(text[0])) return false;
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-'; });
}

// The arguments of a block; false after a report.
bool read_arguments(const Node& args, Block& block, Diagnostics& diagnostics) {
  if (args.is_null()) return true;
  if (!args.is_map()) {
    diagnostics.report(args.mark(), "'args' expects a map, found " + args.describe(),
                       "write {out: ~, stride: 1}; ~ marks a required one");
    return false;
  }
  bool ok = true;
  for (const Entry& e : args.entries()) {
    if (!check_name(e.key, e.mark, "argument", diagnostics)) {
      ok = false;
    } else if (is_common_key(e.key) && !contains(kPassable, e.key)) {
      diagnostics.report(e.mark, fmt::format("an argument cannot be called '{}'", e.key),
                         "every item has a key of that name");
      ok = false;
    }
    block.arguments.push_back(e);
  }
  return ok;
}

bool read_block(const Node& body, Block& block, Diagnostics& diagnostics) {
  static const std::vector<std::string> kKeys = {"args", "layers", "splice"};
  if (!body.is_map()) {
    diagnostics.report(
        block.mark, fmt::format("block '{}' expects a map, found {}", block.name, body.describe()),
        "write {args: {...}, layers: [...]}");
    return false;
  }
  bool ok = true;
  for (const Entry& e : body.entries()) {
    if (contains(kKeys, e.key)) continue;
    diagnostics.report_unknown(e.mark, "key", e.key, kKeys,
                               fmt::format(" for block '{}'", block.name));
    ok = false;
  }
  if (const Node* args = body.find("args")) ok = read_arguments(*args, block, diagnostics) && ok;
  const Node* layers = body.find("layers");
  if (!layers && !ok) return false;  // it may be there under a misspelt key
  if (!layers || !layers->is_list()) {
    diagnostics.report(layers ? layers->mark() : block.mark,
                       fmt::format("block '{}' needs 'layers', a list of items", block.name));
    ok = false;
  } else {
    block.layers = *layers;
  }
  if (const Node* splice = body.find("splice")) {
    const std::optional<bool> value = splice->read_bool(diagnostics);
    block.splice = value.value_or(false);
    ok = value.has_value() && ok;
  }
  return ok;
}

}  // namespace

std::vector<std::string> common_key_names() {
  std::vector<std::string> names;
  for (const CommonKey& key : common_keys()) names.emplace_back(key.name);
  return names;
}

bool is_common_key(std::string_view key) {
  const std::span<const CommonKey> keys = common_keys();
  return std::any_of(keys.begin(), keys.end(), [&](const CommonKey& k) { return key == k.name; });
}

void report_unknown_key(const Entry& entry, const Op& op, const Options* options,
                        const std::vector<std::string>& also_allowed, Diagnostics& diagnostics) {
  const bool is_option_elsewhere =
      options && std::any_of(options->table().begin(), options->table().end(),
                             [&](const Option& o) { return contains(o.other_names, entry.key); });
  const std::string meant = is_option_elsewhere ? "" : meant_common_key(entry.key);
  if (!meant.empty()) {
    diagnostics.report(entry.mark, fmt::format("unknown key '{}' for {}", entry.key, op.describe()),
                       meant);
  } else if (options) {
    options->report_unknown(entry, op.describe(), diagnostics, also_allowed);
  } else {
    std::vector<std::string> allowed = op.options;
    allowed.insert(allowed.end(), also_allowed.begin(), also_allowed.end());
    diagnostics.report_unknown(entry.mark, "key", entry.key, allowed, " for " + op.describe());
  }
}

bool check_name(const std::string& name, const Mark& mark, std::string_view what,
                Diagnostics& diagnostics) {
  if (name == "in" || name == "prev") {
    diagnostics.report(mark, fmt::format("{} '{}' has a meaning of its own", what, name),
                       "choose another name");
    return false;
  }
  if (is_name(name)) return true;
  diagnostics.report(
      mark,
      name.empty()
          ? fmt::format("empty {} name", what)
          : fmt::format(
                "'{}' cannot be the name of a{} {}", name,
                std::string_view("aeiou").find(what[0]) == std::string_view::npos ? "" : "n", what),
      "a letter or '_', then letters, digits, '_' or '-'");
  return false;
}

const Entry* Block::argument(std::string_view wanted) const {
  for (const Entry& e : arguments) {
    if (e.key == wanted) return &e;
  }
  return nullptr;
}

std::vector<std::string> Block::argument_names() const {
  std::vector<std::string> names;
  for (const Entry& e : arguments) names.push_back(e.key);
  return names;
}

bool Op::has_option(std::string_view key) const { return contains(options, key); }

std::string Op::describe() const {
  const char* what = kind == Kind::kBlock ? "block" : is_loss() ? "loss" : "layer";
  return kind == Kind::kSeq || kind == Kind::kSide ? "'" + name + "'"
                                                   : fmt::format("{} '{}'", what, name);
}

Ops::Ops(const Node* blocks, Diagnostics& diagnostics) {
  for (const LayerType* type : layer_types()) add_layer(*type);
  for (const Structure& structure : structures()) {
    Op& op = ops_.emplace_back();
    op.name = structure.name;
    op.kind = op.name == "side" ? Op::Kind::kSide : Op::Kind::kSeq;
  }
  for (const Op& op : ops_) by_name_[op.name] = &op;
  if (!blocks || blocks->is_null()) return;
  if (!blocks->is_map()) {
    diagnostics.report(blocks->mark(), "'blocks' expects a map, found " + blocks->describe());
    return;
  }
  for (const Entry& e : blocks->entries()) add_block(e, diagnostics);
}

void Ops::add_layer(const LayerType& type) {
  Op& op = ops_.emplace_back();
  op.name = type.name;
  op.layer = &type;
  const std::unique_ptr<Layer> layer = type.make();
  Options options;
  layer->options(options);
  op.options = options.names();
  if (const Option* primary = options.primary()) op.primary = primary->name;
}

void Ops::add_block(const Entry& entry, Diagnostics& diagnostics) {
  if (!check_name(entry.key, entry.mark, "block", diagnostics)) return;
  if (find(entry.key) || is_common_key(entry.key)) {
    diagnostics.report(entry.mark, fmt::format("a block cannot be called '{}'", entry.key),
                       is_common_key(entry.key) ? "every item has a key of that name"
                                                : "that is a layer; choose another name");
    return;
  }
  Block& block = blocks_.emplace_back();
  block.name = entry.key;
  block.mark = entry.mark;
  block.is_broken = !read_block(entry.value, block, diagnostics);
  Op& op = ops_.emplace_back();
  op.kind = Op::Kind::kBlock;
  op.name = block.name;
  op.block = &block;
  op.options = block.argument_names();
  if (!op.options.empty()) op.primary = op.options.front();
  by_name_[op.name] = &op;
}

const Op* Ops::find(std::string_view name) const {
  const auto found = by_name_.find(std::string(name));
  return found == by_name_.end() ? nullptr : found->second;
}

std::vector<std::string> Ops::names() const {
  std::vector<std::string> names;
  for (const Op& op : ops_) names.push_back(op.name);
  return names;
}

const Op* Ops::other_tools_name(const std::string& word) const {
  for (const Op& op : ops_) {
    if (!op.layer) continue;
    for (const std::string& other : op.layer->other_names) {
      if (equal_ignoring_case(other, word)) return &op;
    }
  }
  return nullptr;
}

void Ops::report_unknown(const Mark& mark, const std::string& word, bool losses,
                         Diagnostics& diagnostics) const {
  const char* kind = losses ? "loss" : "layer";
  const Op* meant = other_tools_name(word);
  if (meant && meant->is_loss() == losses) {
    diagnostics.report(mark, fmt::format("unknown {} '{}'", kind, word),
                       fmt::format("did you mean '{}'?", meant->name));
    return;
  }
  std::vector<std::string> allowed;
  for (const Op& op : ops_) {
    if (op.is_loss() == losses && (!losses || op.layer)) allowed.push_back(op.name);
  }
  diagnostics.report_unknown(mark, kind, word, allowed);
}

bool Ops::resembles(const std::string& word) const {
  return other_tools_name(word) || nearest(word, names()).has_value();
}

bool Ops::is_any_option(std::string_view key) const {
  return std::any_of(ops_.begin(), ops_.end(), [&](const Op& op) { return op.has_option(key); });
}

}  // namespace cnn::build

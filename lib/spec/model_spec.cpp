#include "spec/model_spec.h"

#include <algorithm>
#include <filesystem>

#include "base/log.h"
#include "base/text.h"
#include "spec/limits.h"
#include "spec/loading.h"
#include "spec/scalar.h"

namespace cnn {
namespace {

// [A-Za-z_][A-Za-z0-9_-]*
bool is_name(std::string_view text) {
  return !text.empty() && is_letter(text[0]) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_word_part(c) || c == '-'; });
}

// What each section must be; anything goes where nothing is said.
struct Section {
  const char* key;
  bool may_be_word = false;
  bool may_be_list = false;
  bool may_be_map = false;
  const char* expected = nullptr;
};
constexpr Section kSections[] = {
    {"name", true, false, false, "a word"},
    {"description", true, false, false, "a text"},
    {"input", false, false, true, "a map such as {image: [1, 28, 28]}, channels first"},
    {"vars", false, false, true, "a map"},
    {"defaults", false, false, true, "a map of ops"},
    {"blocks", false, false, true, "a map of blocks"},
    {"layers", false, true, false, "a list of items"},
    {"outputs", true, true, true, "a layer, a list of them, or a map {name: layer}"},
    {"loss", true, true, true, "a loss, or a list of them"},
    {"metrics", true, true, true, "a list of metrics"},
    {"data", true, false, true, "the name of a data set, or a map"},
    {"train", false, false, true, "a map"},
    {"edit", false, false, true, "a map of named items"},
    {"kernels", true, false, false, "fast or exact"},
};

void check_sections(const Node& root, Diagnostics& diagnostics) {
  for (const Entry& e : root.entries()) {
    const auto* section = std::find_if(std::begin(kSections), std::end(kSections),
                                       [&](const Section& s) { return e.key == s.key; });
    if (section == std::end(kSections)) {
      const std::string meant = meant_key(e.key);
      if (meant.empty()) {
        diagnostics.report_unknown(e.mark, "key", e.key, top_level_keys());
      } else {
        diagnostics.report(e.mark, fmt::format("unknown key '{}'", e.key),
                           fmt::format("did you mean '{}'?", meant));
      }
      continue;
    }
    const Node& value = e.value;
    const bool fits = value.is_null() || (value.is_scalar() && section->may_be_word) ||
                      (value.is_list() && section->may_be_list) ||
                      (value.is_map() && section->may_be_map);
    if (!fits) {
      diagnostics.report(value.mark(), fmt::format("'{}' expects {}, found {}", e.key,
                                                   section->expected, value.describe()));
    }
  }
}

// Variables in order, each from those before it.
Node evaluate_vars(const Node* section, Diagnostics& diagnostics) {
  Node vars = Node::map({});
  if (!section || !section->is_map()) return vars;
  vars.set_mark(section->mark());
  for (const Entry& e : section->entries()) {
    if (!is_name(e.key) || e.key == "in" || e.key == "prev") {
      diagnostics.report(e.mark, fmt::format("'{}' is no name for a variable", e.key),
                         "letters, digits, '_' and '-', not 'in' or 'prev'");
    }
    Node value = evaluate(e.value, VariableScope(vars), diagnostics);
    vars.entries().push_back({e.key, e.mark, std::move(value)});
  }
  return vars;
}

// The sizes of one input; empty after a report.
std::vector<int64_t> read_sizes(const Node& value, Diagnostics& diagnostics) {
  const std::vector<Node> sizes =
      value.is_list() ? value.items() : std::vector<Node>(1, value);  // [5] may be written 5
  std::vector<int64_t> result;
  for (const Node& size : sizes) {
    const std::optional<int64_t> n = size.read_int(diagnostics);
    if (!n) return {};
    if (*n < 1) {
      diagnostics.report(size.mark(), fmt::format("a size is at least 1, found {}", *n));
      return {};
    }
    result.push_back(*n);
  }
  if (result.empty()) {
    diagnostics.report(value.mark(), "no sizes", "write for example [3, 224, 224]");
  }
  return result;
}

// The number of items, or {most: N}; false after a report.
bool read_steps(const Node& value, ModelInput& input, Diagnostics& diagnostics) {
  const Node* most = value.is_map() ? value.find("most") : nullptr;
  input.varies = most != nullptr;
  if (value.is_map() && (most == nullptr || value.entries().size() > 1)) {
    diagnostics.report(value.mark(), "expected a number of items or {most: N}",
                       "{most: 40} for lists of up to 40");
    return false;
  }
  const Node& number = most != nullptr ? *most : value;
  const std::optional<int64_t> n = number.read_int(diagnostics);
  if (!n) return false;
  if (*n < 1) diagnostics.report(number.mark(), fmt::format("at least 1 item, found {}", *n));
  input.steps = *n;
  return *n >= 1;
}

// [28, 28, 1], as other tools write a picture, is one of 28 channels here.
void warn_of_channels_last(const ModelInput& input, const Mark& mark) {
  constexpr int64_t kLeastSide = 8;
  const std::vector<int64_t>& sizes = input.sizes;
  if (sizes.size() != 3 || sizes[0] < kLeastSide || sizes[1] < kLeastSide) return;
  const int64_t last = sizes[2];
  if (last != 3 && last != 4 && !(last == 1 && sizes[0] == sizes[1])) return;
  warn(
      "{}: input '{}' has {} channels of {} x {}: channels come first here, so a picture of {} x "
      "{} "
      "with {} is [{}, {}, {}]",
      mark.place(), input.name, sizes[0], sizes[1], last, sizes[0], sizes[1],
      counted(last, "channel"), last, sizes[0], sizes[1]);
}

// An input that is a map; false after a report.
bool read_input_map(const Node& value, ModelInput& input, Diagnostics& diagnostics) {
  const size_t before = diagnostics.size();
  for (const Entry& e : value.entries()) {
    if (e.key == "steps") {
      read_steps(e.value, input, diagnostics);
    } else if (e.key == "shape") {
      input.sizes = read_sizes(e.value, diagnostics);
    } else if (e.key == "classes") {
      constexpr int64_t kMostClasses = int64_t{1} << 24;  // exact as floats
      const std::optional<int64_t> n = e.value.read_int(diagnostics);
      if (n && (*n < 1 || *n > kMostClasses)) {
        diagnostics.report(e.value.mark(),
                           fmt::format("from 1 to {} classes, found {}", kMostClasses, *n));
      }
      input.classes = n.value_or(0);
    } else {
      diagnostics.report_unknown(e.mark, "key", e.key, {"steps", "shape", "classes"},
                                 " for an input");
    }
  }
  if (diagnostics.size() > before) return false;
  if (input.sizes.empty() && input.classes > 0) input.sizes = {1};
  if (input.sizes.empty()) {
    diagnostics.report(value.mark(), fmt::format("input '{}' has no sizes", input.name),
                       "give the shape of an item, shape: [3, 64, 64], or the number of classes");
    return false;
  }
  return true;
}

void read_inputs(ModelSpec& spec, Diagnostics& diagnostics) {
  const Node* section = spec.section("input");
  if (!section || !section->is_map() || section->entries().empty()) {
    if (!section || section->is_map() || section->is_null()) {
      diagnostics.report(section ? section->mark() : spec.root.mark(), "the model has no 'input'",
                         "for example: input: {image: [1, 28, 28]}");
    }
    return;
  }
  for (const Entry& e : section->entries()) {
    if (!is_name(e.key) || e.key == "in" || e.key == "prev") {
      diagnostics.report(e.mark, fmt::format("'{}' is no name for an input", e.key),
                         "letters, digits, '_' and '-', not 'in' or 'prev'");
      continue;
    }
    const size_t before = diagnostics.size();
    const Node value = evaluate(e.value, VariableScope(spec.vars), diagnostics);
    if (diagnostics.size() > before) continue;
    ModelInput input;
    input.name = e.key;
    input.mark = e.mark;
    if (value.is_map()) {
      if (!read_input_map(value, input, diagnostics)) continue;
    } else {
      input.sizes = read_sizes(value, diagnostics);
      if (input.sizes.empty()) continue;
    }
    warn_of_channels_last(input, e.value.mark());
    spec.inputs.push_back(std::move(input));
  }
}

// A run's folder takes this name.
void read_name(ModelSpec& spec, Diagnostics& diagnostics) {
  const Node* name = spec.section("name");
  if (!name || !name->is_scalar()) {
    spec.name = std::filesystem::path(spec.path).stem().string();
    return;
  }
  spec.name = name->text();
  const bool good =
      !spec.name.empty() && spec.name.size() <= 100 && spec.name[0] != '.' && spec.name[0] != '-' &&
      std::all_of(spec.name.begin(), spec.name.end(),
                  [](char c) { return is_word_part(c) || c == '-' || c == '.' || c == '+'; });
  if (!good) {
    diagnostics.report(name->mark(), fmt::format("'{}' cannot name a model", spec.name),
                       "use letters, digits, '_', '-' and '.'");
  }
}

}  // namespace

std::vector<std::string> VariableScope::names() const {
  std::vector<std::string> result;
  for (const Entry& e : vars_.entries()) result.push_back(e.key);
  return result;
}

std::string meant_key(std::string_view word) {
  struct Other {
    const char* word;
    const char* key;
  };
  static constexpr Other kOthers[] = {{"model", "layers"},
                                      {"network", "layers"},
                                      {"dataset", "data"},
                                      {"training", "train"},
                                      {"solver", "train"},
                                      {"optimizer", "train.optimizer"},
                                      {"epochs", "train.epochs"},
                                      {"batch_size", "train.batch_size"},
                                      {"batch", "train.batch_size"},
                                      {"lr", "train.lr"},
                                      {"lr0", "train.lr"},
                                      {"learning_rate", "train.lr"},
                                      {"workers", "train.workers"},
                                      {"patience", "train.patience"},
                                      {"schedule", "train.schedule"},
                                      {"seed", "train.seed"},
                                      {"imgsz", "input"},
                                      {"img_size", "input"},
                                      {"image_size", "input"},
                                      {"variables", "vars"},
                                      {"params", "train.params"}};
  for (const Other& other : kOthers) {
    if (word == other.word) return other.key;
  }
  return "";
}

std::vector<std::string> top_level_keys() {
  std::vector<std::string> keys;
  for (const Section& section : kSections) keys.emplace_back(section.key);
  return keys;
}

std::string ModelSpec::directory() const {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

ModelSpec load_model(const std::string& path, const std::vector<std::string>& overrides,
                     const Vocabulary& vocabulary) {
  ModelSpec spec;
  spec.path = path;
  spec.root = load_merged_file(path, vocabulary);
  Diagnostics diagnostics;
  apply_overrides(spec.root, overrides, path, vocabulary, diagnostics);
  check_sections(spec.root, diagnostics);
  read_name(spec, diagnostics);
  spec.vars = evaluate_vars(spec.section("vars"), diagnostics);
  read_inputs(spec, diagnostics);
  diagnostics.throw_if_any();
  return spec;
}

}  // namespace cnn

#include "data/catalogue.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <utility>

#include "data/recognise.h"
#include "data/standardise.h"
#include "data/table_rows.h"
#include "spec/loading.h"

namespace cnn {
namespace {

namespace fs = std::filesystem;

// Absolute, without a look at whether it is there.
std::string absolute(const std::string& folder, const std::string& path) {
  std::string result =
      (fs::absolute(folder.empty() ? "." : folder) / path).lexically_normal().string();
  if (result.size() > 1 && result.ends_with('/')) result.pop_back();
  return result;
}

bool is_path_key(std::string_view key) {
  constexpr std::array<std::string_view, 7> kKeys = {
      "images", "masks", "labels", "inputs", "targets", "test_inputs", "test_targets"};
  return std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end();
}

// Formats have folders or files under these, or how many samples there are.
bool is_split_key(std::string_view key) { return key == "train" || key == "val" || key == "test"; }

void anchor_path(Node& value, const std::string& home) {
  const auto& source = value.mark().source;
  if (!value.is_scalar() || !source) return;
  const std::string path = absolute(source->directory, value.text());
  const bool here =
      !source->is_command_line && (home.empty() || absolute(source->directory, "") == home);
  const bool is_shared = source->is_command_line && !fs::exists(path);  // under $CNN_DATA
  if (!here && !is_shared) value = Node::scalar(path, value.mark());
}

// Relative paths that stand in a folder other than `home` become absolute; with an empty `home`,
// those of the command line alone.
void anchor_paths(Node& map, const std::string& home) {
  for (Entry& e : map.entries()) {
    // Names, not paths.
    if (e.key == "columns" || e.key == "titles" || e.key == "standardise") continue;
    const bool is_split = is_split_key(e.key);
    if (e.value.is_map()) {
      anchor_paths(e.value, home);
      for (Entry& file : e.value.entries()) {  // {source: FILE, target: FILE}
        const bool is_path = is_split && file.value.is_scalar() && !file.value.as_double();
        if (is_path && !is_path_key(file.key)) anchor_path(file.value, home);
      }
    }
    if (is_path_key(e.key) || (is_split && !e.value.as_double())) anchor_path(e.value, home);
    if (!is_split || !e.value.is_list()) continue;
    for (Node& file : e.value.items()) anchor_path(file, home);
  }
}

DataWishes wishes_for(const ModelSpec& spec, const DataReader& reader) {
  DataWishes wishes;
  wishes.normalization = reader.normalization;
  wishes.known = reader.known;
  wishes.tells_any_number = reader.tells_any_number;
  if (!spec.inputs.empty()) {
    if (spec.inputs[0].steps == 0) wishes.input = Shape(spec.inputs[0].sizes);
    wishes.input_name = spec.inputs[0].name;
    wishes.reads_symbols = spec.inputs[0].steps > 0 && spec.inputs[0].classes > 0;
  }
  for (const Field& field : reader.fields) {
    const auto is_it = [&](const ModelInput& input) { return input.name == field.name; };
    if (std::any_of(spec.inputs.begin(), spec.inputs.end(), is_it)) continue;
    wishes.targets.push_back(field);
  }
  return wishes;
}

std::string text_of(const DataWishes& wishes) {
  std::string text = wishes.input.str() + wishes.input_name;
  for (const Field& field : wishes.targets) {
    text += fmt::format(" {} {} {}", field.name, field.is_label(), field.items.is_list);
  }
  if (wishes.normalization) {
    text += fmt::format(" {}", wishes.normalization->scale);
    for (const double n : wishes.normalization->mean) text += fmt::format(" {}", n);
    for (const double n : wishes.normalization->std) text += fmt::format(" {}", n);
  }
  text += fmt::format(" {} {}", wishes.tells_any_number, wishes.known.text());
  return wishes.said.is_null() ? text : text + "\n" + to_yaml(wishes.said);
}

// The map of a folder or a table that stands in place of a data set's name, or under `from` in a
// map whose other keys go before what is found; null if none does.
Node recognised(const ModelSpec& spec, const DataReader& reader) {
  const Node* section = spec.section("data");
  if (section == nullptr) return Node();
  const bool is_map = section->is_map() && section->find("format") == nullptr;
  const Node* name = is_map ? section->find("from") : section;
  const std::string path = name == nullptr ? "" : undescribed_data(*name, spec.path);
  if (path.empty()) return Node();
  DataWishes wishes = wishes_for(spec, reader);
  if (is_map) {
    Diagnostics diagnostics;
    const Node said = evaluate(*section, VariableScope(spec.vars), diagnostics);
    diagnostics.throw_if_any();
    wishes.said = Node::map({});
    for (const Entry& e : said.entries()) {
      if (e.key != "from") wishes.said.set(e.key, e.value);
    }
  }
  // A command may ask for its data more than once.
  static std::map<std::pair<std::string, std::string>, Node> known;
  Node& found = known[{absolute("", path), text_of(wishes)}];
  if (found.is_null()) found = recognise_data(path, wishes);
  return found;
}

// What was trained on these figures and categories sees them again, whatever the training table
// would give now.
void take_known(const TableKnowledge& known, Node& data) {
  const Node* said = data.find("standardise");
  const bool asks = said != nullptr && said->is_scalar() && said->as_bool() != false;
  if (asks && !known.standards.empty()) {
    Node figures = OptionType<Standardise>::write({false, false, known.standards});
    figures.set_mark(said->mark());
    data.set("standardise", std::move(figures));
  }
  Node* columns = data.find("columns");
  const Node* words = columns == nullptr ? nullptr : columns->find("categories");
  if (words == nullptr || words->is_map() || known.categories.empty()) return;
  Node categories = OptionType<CategoryColumns>::write({known.categories});
  categories.set_mark(words->mark());
  columns->set("categories", std::move(categories));
}

}  // namespace

Node load_data(const ModelSpec& spec, const DataReader& reader) {
  Node data = recognised(spec, reader);
  if (data.is_null()) data = load_data_section(spec);
  if (data.is_null()) {
    const Node* section = spec.section("data");
    Diagnostics diagnostics;
    diagnostics.report(section ? section->mark() : spec.root.mark(), "the model names no data set",
                       "add 'data: digits', or give --data digits");
    diagnostics.throw_if_any();
  }
  take_known(reader.known, data);
  return data;
}

Node portable_data(const Node& data) {
  Node result = data;
  if (const Node* root = data.find("root"); root != nullptr && root->is_scalar()) {
    const auto& source = root->mark().source;
    const std::string folder = absolute(source ? source->directory : ".", root->text());
    result.set("root", Node::scalar(folder, root->mark()));
    anchor_paths(result, "");
    return result;
  }
  const Node* format = data.find("format");
  const auto source = format != nullptr ? format->mark().source : nullptr;
  const std::string home = absolute(source ? source->directory : ".", "");
  anchor_paths(result, home);
  result.set("root", Node::scalar(home));
  return result;
}

}  // namespace cnn

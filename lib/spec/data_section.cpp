// The data section (rule 15): a bare name stands for data/NAME.yaml.

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "base/files.h"
#include "base/share.h"
#include "base/text.h"
#include "spec/loading.h"
#include "spec/yaml.h"

namespace cnn {
namespace {

namespace fs = std::filesystem;

// Data sets that need no file: each is a format and a data set of that name.
bool is_built_in(std::string_view name) { return name == "digits" || name == "sentences"; }

// Where a data set's file is looked for, best first.
std::vector<fs::path> data_directories(const fs::path& model_directory) {
  const fs::path beside = model_directory.empty() ? fs::path(".") : model_directory;
  std::vector<fs::path> result = {beside, beside / ".." / "data", "data"};
  for (const std::string& share : shared_folders()) {
    // Beside a model that came with the commands are their data sets; those here come first.
    if (beside.lexically_normal() == (fs::path(share) / "models").lexically_normal()) {
      std::swap(result[1], result[2]);
    }
    result.push_back(fs::path(share) / "data");
  }
  return result;
}

bool is_bare_name(std::string_view name) {
  return !name.empty() && name.find('/') == std::string_view::npos && name != "." && name != "..";
}

// Names of the data sets that a model in this directory can use.
std::vector<std::string> data_names(const std::string& model_directory) {
  std::set<std::string> names;
  const std::vector<fs::path> directories = data_directories(model_directory);
  for (size_t i = 1; i < directories.size(); ++i) {  // those beside the model are models
    std::error_code error;
    for (fs::directory_iterator it(directories[i], error), end; !error && it != end;
         it.increment(error)) {
      if (it->path().extension() == ".yaml") names.insert(it->path().stem().string());
    }
  }
  return {names.begin(), names.end()};
}

std::string directory_of(const std::string& path) {
  const std::string directory = fs::path(path).parent_path().string();
  return directory.empty() ? "." : directory;
}

// The first NAME.yaml that is not `except`; empty if there is none.
std::string find_file(const std::string& name, const std::string& directory,
                      const std::string& except) {
  if (!is_bare_name(name)) return "";
  for (const fs::path& folder : data_directories(directory)) {
    const std::string path = (folder / (name + ".yaml")).lexically_normal().string();
    std::error_code error;
    if (file_exists(path) && !fs::equivalent(path, except, error)) return path;
  }
  return "";
}

// A path stands for a file from the file where it is written, or from the working directory.
std::string path_of(const Node& name) {
  const auto& source = name.mark().source;
  const bool in_file = source && !source->is_command_line;
  return (fs::path(in_file ? source->directory : ".") / name.text()).lexically_normal().string();
}

// "sets/mine.yaml"; empty if there is none.
std::string find_path(const Node& name) {
  if (!name.text().ends_with(".yaml")) return "";
  const std::string path = path_of(name);
  return file_exists(path) ? path : "";
}

std::string find_named(const Node& name, const std::string& model_path) {
  if (const std::string path = find_path(name); !path.empty()) return path;
  const auto& source = name.mark().source;
  if (source && !source->is_command_line) {
    const std::string path = find_file(name.text(), source->directory, source->name);
    if (!path.empty()) return path;
  }
  return find_file(name.text(), directory_of(model_path), model_path);
}

// Of a name that can only be a path.
[[noreturn]] void fail_missing(const Node& name, std::vector<std::string> notes) {
  const std::string path = path_of(name);
  const bool is_yaml = path.ends_with(".yaml");
  const std::string remedy = !is_yaml && file_exists(path + ".yaml")
                                 ? fmt::format("did you mean '{}.yaml'?", name.text())
                                 : "";
  throw Error(Exit::kInput,
              {{name.mark().place(),
                is_yaml ? fmt::format("no file '{}'", path)
                        : fmt::format("'{}' is no data set: their files end in .yaml", name.text()),
                name.mark().excerpt(remedy), std::move(notes)}});
}

[[noreturn]] void fail_unknown(const Node& name, const std::string& model_path) {
  const std::vector<std::string> known = data_names(directory_of(model_path));
  const auto meant = nearest(name.text(), known);
  std::vector<std::string> notes;
  if (!known.empty()) notes.push_back("data sets here: " + join(known, ", "));
  notes.push_back("for the built-in digits, which need no files: --data digits");
  if (name.text().ends_with(".yaml") || name.text().find('/') != std::string::npos) {
    fail_missing(name, std::move(notes));
  }
  Diagnostics diagnostics;
  diagnostics.report(name.mark(), fmt::format("unknown data set '{}'", name.text()),
                     meant ? fmt::format("did you mean '{}'?", *meant) : "", std::move(notes));
  diagnostics.throw_if_any();
  bug("a reported error throws", __FILE__, __LINE__);
}

}  // namespace

std::string find_data_file(const std::string& name, const std::string& model_directory) {
  return find_file(name, model_directory, "");
}

bool has_data_file(const Node& name, const std::string& model_path) {
  return is_built_in(name.text()) || !find_named(name, model_path).empty();
}

std::string undescribed_data(const Node& name, const std::string& model_path) {
  if (!name.is_scalar() || name.text().empty() || has_data_file(name, model_path)) return "";
  const std::string path = path_of(name);
  constexpr std::array<std::string_view, 5> kEndings = {".csv", ".txt", ".tsv", ".txt.gz",
                                                        ".tsv.gz"};
  const bool is_known = std::any_of(kEndings.begin(), kEndings.end(), [&](std::string_view ending) {
    return path.ends_with(ending);
  });
  return is_directory(path) || (is_known && file_exists(path)) ? path : "";
}

Node load_data_file(const Node& name, const std::string& model_path) {
  const std::string path = find_named(name, model_path);
  if (path.empty() && is_built_in(name.text())) {
    return Node::map({{"format", name.mark(), Node::scalar(name.text(), name.mark())}},
                     name.mark());
  }
  if (path.empty()) fail_unknown(name, model_path);
  Node data = load_merged_file(path, {});
  if (!data.is_map()) {
    Diagnostics diagnostics;
    diagnostics.report(data.mark(), "a data set is a map, found " + data.describe());
    diagnostics.throw_if_any();
  }
  if (!data.find("root")) {
    std::error_code error;
    const fs::path folder = fs::absolute(directory_of(path), error);
    data.set("root", Node::scalar(folder.lexically_normal().string(), data.mark()));
  }
  return data;
}

Node load_data_section(const ModelSpec& spec) {
  const Node* section = spec.section("data");
  if (!section || section->is_null()) return Node();
  Diagnostics diagnostics;
  const VariableScope scope(spec.vars);
  Node data = evaluate(*section, scope, diagnostics);  // the name itself may be a variable
  diagnostics.throw_if_any();
  if (data.is_scalar()) {
    data = evaluate(load_data_file(data, spec.path), scope, diagnostics);
  } else if (data.is_map() && data.find("from") != nullptr && !data.find("format")) {
    const Node from = *data.find("from");
    data.erase("from");
    Node base = evaluate(load_data_file(from, spec.path), scope, diagnostics);
    merge(base, data, {});
    data = std::move(base);
  } else if (!data.is_map()) {
    diagnostics.report(data.mark(),
                       "'data' expects the name of a data set or a map, found " + data.describe());
  }
  diagnostics.throw_if_any();
  return data;
}

}  // namespace cnn

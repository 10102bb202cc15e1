// Models by name: `lenet5` is models/lenet5.yaml here, or the one that came with the commands.

#include <filesystem>
#include <set>

#include "base/files.h"
#include "base/share.h"
#include "base/text.h"
#include "spec/model_spec.h"

namespace cnn {
namespace {

namespace fs = std::filesystem;

bool is_bare(const std::string& word) {
  return !word.empty() && word.find('/') == std::string::npos && word[0] != '.';
}

std::vector<std::string> model_names() {
  std::vector<std::string> folders = shared_folders();
  folders.insert(folders.begin(), ".");
  std::set<std::string> names;
  for (const std::string& folder : folders) {
    std::error_code error;
    for (fs::directory_iterator it(fs::path(folder) / "models", error), end; !error && it != end;
         it.increment(error)) {
      if (it->path().extension() == ".yaml") names.insert(it->path().stem().string());
    }
  }
  return {names.begin(), names.end()};
}

}  // namespace

std::string find_model_file(const std::string& word) {
  if (file_exists(word)) return word;
  const bool is_yaml = word.ends_with(".yaml");
  if (is_bare(word)) {
    const std::string path = "models/" + word + (is_yaml ? "" : ".yaml");
    if (file_exists(path)) return path;
    if (const std::string shared = find_shared(path); !shared.empty()) return shared;
  }
  const std::string shared = is_yaml ? find_shared(word) : "";
  return shared.empty() ? word : shared;
}

std::string require_model_file(const std::string& word) {
  const std::string path = find_model_file(word);
  if (!is_bare(word) || word.ends_with(".yaml") || fs::exists(path)) return path;
  const auto near = nearest(word, model_names());
  std::vector<std::string> notes;
  if (near) notes.push_back("did you mean '" + *near + "'?");
  throw Error(
      Exit::kInput,
      {{word, "is no file, no run, and no model of models/ here or of those that came with cnn", "",
        notes}});
}

}  // namespace cnn

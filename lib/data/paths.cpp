#include "data/paths.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/rng.h"

namespace cnn {
namespace {

std::string under(const std::string& folder, const std::string& path) {
  if (path.starts_with('/') || folder.empty() || folder == ".") return path;
  return folder.ends_with('/') ? folder + path : folder + "/" + path;
}

// Most wanted first.
std::vector<std::string> candidates(const DataPath& path, const DataOptions& options) {
  if (path.text.starts_with('/')) return {path.text};
  std::string home = path.directory;
  if (!options.root.empty() && !path.from_command_line) {
    home = under(options.root.directory, options.root.text);
  }
  std::vector<std::string> result = {under(home, path.text)};
  const char* shared = std::getenv("CNN_DATA");
  if (shared != nullptr && *shared != '\0') {
    const std::string found = under(shared, path.text);
    result.insert(path.from_command_line ? result.end() : result.begin(), found);
  }
  return result;
}

[[noreturn]] void fail_missing(const std::vector<std::string>& tried, const DataOptions& options,
                               const char* what) {
  Diagnostic d{tried.back(), fmt::format("the data set's {} is not there", what), {}, {}};
  for (size_t i = 0; i + 1 < tried.size(); ++i) d.notes.push_back("nor is " + tried[i]);
  if (!options.name.empty() && !options.files.is_null()) {
    d.notes.push_back("fetch it with: cnn data get " + options.name);
  }
  if (!options.stand_in.empty()) {
    d.notes.push_back(
        fmt::format("or use the built-in {0}, which need no files: --data {0}", options.stand_in));
  }
  throw Error(Exit::kInput, {d});
}

std::string find(const DataPath& path, const DataOptions& options,
                 bool (*is_there)(const std::string&), const char* what) {
  const std::vector<std::string> tried = candidates(path, options);
  for (const std::string& candidate : tried) {
    if (is_there(candidate)) return candidate;
  }
  fail_missing(tried, options, what);
}

}  // namespace

std::string find_data_path(const DataPath& path, const DataOptions& options) {
  return find(path, options, file_exists, "file");
}

std::string find_data_folder(const DataPath& path, const DataOptions& options) {
  return find(path, options, is_directory, "folder");
}

std::string file_stamp(const std::string& path) {
  constexpr uint64_t kBlock = 1 << 16;
  const InputFile file(path);
  const uint64_t size = std::min(file.size(), kBlock);
  std::string blocks(2 * size, '\0');
  file.read_at(0, blocks.data(), size);
  file.read_at(file.size() - size, blocks.data() + size, size);
  return fmt::format("{}:{:016x}", file.size(), hash_name(blocks));
}

}  // namespace cnn

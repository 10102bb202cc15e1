#include "data/paths.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/rng.h"
#include "io/archive.h"

namespace cnn {
namespace {

namespace fs = std::filesystem;

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

std::vector<std::string> archives_in(const std::string& folder) {
  std::vector<std::string> found;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (is_archive_name(it->path())) found.push_back(it->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

// Of SET/train: what unpacks SET.tgz, or an archive in SET, or SET.tgz in another folder beside
// SET; empty if no such lies under `home`.
std::string unpacking(const std::string& home, const std::string& text) {
  const std::string set = text.substr(0, text.find('/'));
  const auto is_of_set = [&](const std::string& path) {
    return fs::path(path).filename().string().starts_with(set + ".");
  };
  std::vector<std::string> found = archives_in(home);
  std::erase_if(found, std::not_fn(is_of_set));
  for (const std::string& path : archives_in(home + "/" + set)) found.push_back(path);
  std::error_code error;
  for (fs::directory_iterator it(home, error), end; !error && it != end; it.increment(error)) {
    for (const std::string& path : archives_in(it->path())) {
      if (is_of_set(path)) found.push_back(path);
    }
  }
  if (found.empty()) return "";
  const bool has_folder = first_member(found[0]).starts_with(set + "/");
  return unpack_command(found[0], has_folder ? home : home + "/" + set);
}

[[noreturn]] void fail_missing(const DataPath& path, const std::vector<std::string>& tried,
                               const DataOptions& options, const char* what) {
  Diagnostic d{tried.back(), fmt::format("the data set's {} is not there", what), {}, {}};
  for (size_t i = 0; i + 1 < tried.size(); ++i) d.notes.push_back("nor is " + tried[i]);
  for (const std::string& place : tried) {
    if (path.text.starts_with('/')) continue;
    const std::string home =
        place == path.text ? "." : place.substr(0, place.size() - path.text.size() - 1);
    const std::string command = unpacking(home, path.text);
    if (command.empty()) continue;
    d.notes.push_back("it lies there packed; unpack it with: " + command);
    break;
  }
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
  fail_missing(path, tried, options, what);
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

#include "base/share.h"

#include <cstdlib>
#include <filesystem>

#include "base/files.h"

namespace cnn {

namespace fs = std::filesystem;

std::vector<std::string> shared_folders() {
  std::vector<std::string> folders;
  if (const char* share = std::getenv("CNN_SHARE"); share != nullptr && *share != '\0') {
    folders.emplace_back(share);
  }
  std::error_code error;
  const fs::path executable = fs::read_symlink("/proc/self/exe", error);
  if (error) return folders;
  const fs::path prefix = executable.parent_path().parent_path();
  folders.push_back((prefix / "share" / "cnn").string());
  folders.push_back(prefix.parent_path().string());
  return folders;
}

std::string find_shared(const std::string& path) {
  if (path.empty() || path.starts_with('/')) return "";
  for (const std::string& folder : shared_folders()) {
    const std::string found = (fs::path(folder) / path).string();
    if (file_exists(found)) return found;
  }
  return "";
}

}  // namespace cnn

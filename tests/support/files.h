// Files that tests write and read.
#pragma once

#include <filesystem>
#include <string>

namespace cnn {

// A fresh folder, removed with all its content at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string str(const std::string& name = "") const;
  // Writes a file and gives its path.
  std::string file(const std::string& name, const std::string& content) const;

 private:
  std::filesystem::path path_;
};

std::string read_text(const std::string& path);

}  // namespace cnn

#include "io/archive.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/text.h"

namespace cnn {
namespace {

bool is_zip(const std::string& path) { return path.ends_with(".zip"); }

// A path as a shell takes it.
std::string shell_word(const std::string& path) {
  const bool is_plain = path.find_first_of(" \t'\"\\$`&;|<>()*?[]#~!") == std::string::npos;
  if (is_plain) return path;
  std::string word = "'";
  for (const char c : path) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

}  // namespace

bool is_archive_name(const std::string& path) {
  constexpr std::array<std::string_view, 4> kEndings = {".tgz", ".tar.gz", ".tar", ".zip"};
  return std::any_of(kEndings.begin(), kEndings.end(),
                     [&](std::string_view ending) { return path.ends_with(ending); });
}

std::string first_member(const std::string& path) {
  // Plain files are passed through.
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
  constexpr size_t kBlock = 512;
  std::array<char, kBlock> block{};
  if (!file || gzread(file.get(), block.data(), kBlock) != static_cast<int>(kBlock)) return "";
  if (is_zip(path)) {
    constexpr size_t kLengthAt = 26, kNameAt = 30;
    const auto byte = [&](size_t i) {
      return static_cast<size_t>(static_cast<unsigned char>(block[i]));
    };
    const size_t length = byte(kLengthAt) | byte(kLengthAt + 1) << 8;
    return {block.data() + kNameAt, std::min(length, kBlock - kNameAt)};
  }
  constexpr size_t kMostName = 100;
  std::string name(block.data(), std::find(block.begin(), block.begin() + kMostName, '\0'));
  return name.starts_with("./") ? name.substr(2) : name;
}

std::string unpack_command(const std::string& path, const std::string& folder) {
  const std::string from = shell_word(path), to = shell_word(folder);
  if (is_zip(path)) return fmt::format("unzip -q {} -d {}", from, to);
  return fmt::format("mkdir -p {} && tar -xf {} -C {}", to, from, to);
}

}  // namespace cnn

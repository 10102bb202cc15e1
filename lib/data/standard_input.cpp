#include "data/standard_input.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/error.h"
#include "base/text.h"
#include "io/image.h"

namespace cnn {
namespace {

constexpr const char* kPlace = "standard input";

std::string read_all() {
  constexpr size_t kChunk = 1 << 16;
  std::string content;
  for (;;) {
    const size_t before = content.size();
    content.resize(before + kChunk);
    const ssize_t got = read(STDIN_FILENO, content.data() + before, kChunk);
    content.resize(before + static_cast<size_t>(got > 0 ? got : 0));
    if (got == 0) return content;
    if (got < 0 && errno != EINTR) fail(Exit::kInput, kPlace, "{}", std::strerror(errno));
    if (content.size() > kMostImageBytes) {
      fail(Exit::kInput, kPlace, "has more than {}", human_bytes(kMostImageBytes));
    }
  }
}

// Files are read by path, more than once and by several threads; so these bytes become one, in
// memory. It goes with the process.
std::string path_of(const std::string& content) {
  const int descriptor = memfd_create("standard input", MFD_CLOEXEC);
  if (descriptor < 0) fail(Exit::kResource, kPlace, "{}", std::strerror(errno));
  for (size_t done = 0; done < content.size();) {
    const ssize_t n = write(descriptor, content.data() + done, content.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail(Exit::kResource, kPlace, "{}", std::strerror(errno));
    done += static_cast<size_t>(n);
  }
  return fmt::format("/proc/self/fd/{}", descriptor);
}

bool is_file(std::string_view content) {
  using namespace std::string_view_literals;
  return is_image(content) || content.starts_with("\x93NUMPY"sv) || content.starts_with("\0\0"sv) ||
         content.starts_with("\x1f\x8b"sv);
}

}  // namespace

std::vector<std::string> text_lines(std::string_view text) {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines.emplace_back(text.substr(begin, end - begin));
    if (lines.back().ends_with('\r')) lines.back().pop_back();
    begin = end + 1;
  }
  return lines;
}

StandardInput read_standard_input() {
  const std::string content = read_all();
  StandardInput input;
  if (is_file(content)) {
    input.file = path_of(content);
    return input;
  }
  input.lines = text_lines(content);
  if (input.lines.empty())
    fail(Exit::kInput, kPlace, "is empty; paths, one a line, or a picture are expected");
  return input;
}

}  // namespace cnn

#include "data/standard_input.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "io/image.h"

namespace cnn {
namespace {

constexpr const char* kPlace = "standard input";

std::string file_path;  // empty until it was read

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

std::string standard_input_file() {
  const std::string content = read_all();
  if (content.empty()) {
    fail(Exit::kInput, kPlace, "is empty; paths, one a line, or a picture are expected");
  }
  file_path = path_of(content);
  return file_path;
}

std::string shown_place(const std::string& place) {
  const bool is_of_it = !file_path.empty() && place.starts_with(file_path) &&
                        (place.size() == file_path.size() || place[file_path.size()] == ':');
  return is_of_it ? "-" + place.substr(file_path.size()) : place;
}

Error with_shown_places(const Error& error) {
  std::vector<Diagnostic> diagnostics = error.diagnostics();
  for (Diagnostic& d : diagnostics) d.place = shown_place(d.place);
  return Error(error.code(), std::move(diagnostics));
}

}  // namespace cnn

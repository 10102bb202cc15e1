#include "data/text_files.h"

#include <cstdint>

#include "base/error.h"
#include "data/standard_input.h"
#include "data/text_units.h"
#include "io/byte_source.h"

namespace cnn {

void check_utf8(std::string_view text, const std::string& place) {
  const std::optional<size_t> bad = first_bad_byte(text);
  if (!bad) return;
  throw Error(Exit::kInput,
              {{place,
                fmt::format("at byte {}: {:02x} is no UTF-8; texts are read as UTF-8", *bad,
                            static_cast<unsigned char>(text[*bad])),
                {},
                {"'iconv -f LATIN1 -t UTF-8 FILE' rewrites a text of another code; 'unit: byte' of "
                 "a running text reads any bytes"}}});
}

std::string read_text_file(const std::string& path, bool as_bytes) {
  constexpr uint64_t kMostBytes = uint64_t{1} << 31;
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  std::string text = read_unpacked(path, kMostBytes);
  if (!as_bytes) {
    check_utf8(text, path);
    if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  }
  if (text.empty()) fail(Exit::kInput, path, "is empty; a text is expected");
  return text;
}

std::vector<std::string> read_text_lines(const std::string& path) {
  return text_lines(read_text_file(path));
}

}  // namespace cnn

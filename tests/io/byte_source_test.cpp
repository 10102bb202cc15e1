// Files whose bytes may be packed.
#include "io/byte_source.h"

#include <cstdlib>

#include "base/error.h"
#include "support/catch.h"
#include "support/files.h"

using namespace cnn;

namespace {

std::string problem(const std::string& path, uint64_t limit) {
  try {
    read_unpacked(path, limit);
  } catch (const Error& error) {
    CHECK(error.code() == Exit::kInput);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a file reads the same plain and packed, whole or not at all") {
  const TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 300'000; ++i) text += static_cast<char>('a' + (i * 7 + i / 11) % 23);
  const std::string plain = folder.file("t", text), packed = folder.str("t.gz");
  REQUIRE(std::system(("gzip -c " + plain + " > " + packed).c_str()) == 0);
  CHECK(read_unpacked(plain, text.size()) == text);
  CHECK(read_unpacked(packed, text.size()) == text);
  const std::string twice = folder.file("two.gz", read_text(packed) + read_text(packed));
  CHECK(read_unpacked(twice, 2 * text.size()) == text + text);
  CHECK(read_unpacked(folder.file("none", ""), 9).empty());
  CHECK(problem(packed, text.size() - 1).find("unpacked, the most that are read") !=
        std::string::npos);
  const std::string half = read_text(packed).substr(0, read_text(packed).size() / 2);
  CHECK(problem(folder.file("half.gz", half), text.size()).find("the file ends too early") !=
        std::string::npos);
  CHECK(!problem(folder.str("gone"), 9).empty());
}

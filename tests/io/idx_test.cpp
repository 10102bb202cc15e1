#include "io/idx.h"

#include <zlib.h>

#include "base/error.h"
#include "support/catch.h"
#include "support/files.h"
#include "support/text.h"

using namespace cnn;

namespace {

std::string big_endian(uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 255);
  return bytes;
}

std::string idx(int type, const std::vector<uint32_t>& sizes, const std::string& data) {
  std::string content(2, '\0');
  content += static_cast<char>(type);
  content += static_cast<char>(sizes.size());
  for (const uint32_t size : sizes) content += big_endian(size);
  return content + data;
}

std::string gzip(const std::string& content) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(deflateBound(&stream, content.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string problem_of(const std::string& path) {
  try {
    read_idx(path);
    return "";
  } catch (const Error& error) {
    REQUIRE(error.code() == Exit::kInput);
    return error.what();
  }
}

const std::string kSmall = idx(8, {2, 3, 1}, "abcdef");

}  // namespace

TEST_CASE("IDX files are read plain, gzipped, and gzipped in several members") {
  const TemporaryFolder folder;
  const std::string two_members = gzip(kSmall.substr(0, 10)) + gzip(kSmall.substr(10));
  for (const std::string& content : {kSmall, gzip(kSmall), two_members}) {
    const IdxArray array = read_idx(folder.file("any-name", content));
    CHECK(array.shape == std::vector<int64_t>{2, 3, 1});
    CHECK(std::string(array.bytes.begin(), array.bytes.end()) == "abcdef");
  }
}

TEST_CASE("IDX headers that do not hold together are refused") {
  const TemporaryFolder folder;
  struct Case {
    std::string name, content, expected;
  };
  const std::vector<Case> cases = {
      {"row 30: wrong magic", "PK" + kSmall, "at byte 0: begins with bytes 50 4b"},
      {"row 30: type", idx(0x0d, {2}, "12345678"), "at byte 2: type 0x0d (float32)"},
      {"row 30: unknown type", idx(0x77, {2}, "12"), "0x77 (unknown)"},
      {"row 30: no dimension", idx(8, {}, ""), "at byte 3: 0 dimensions"},
      {"row 30: five dimensions", idx(8, {1, 1, 1, 1, 1}, "1"), "at byte 3: 5 dimensions"},
      {"row 31: trailing bytes", kSmall + "xyz", "expected 22 bytes in all"},
      {"row 31: trailing bytes after gzip", gzip(kSmall) + "x", "broken gzip"},
      {"row 31: trailing bytes in gzip", gzip(kSmall + "x"), "expected 22 bytes in all"},
      {"row 32: dimensions overflow", idx(8, {0xffffffff, 0xffffffff, 0xffffffff}, "abc"),
       "can hold"},
      {"row 32: more than the file", idx(8, {1000, 28, 28}, "abc"), "can hold"},
      {"row 32: more than gzip can pack", gzip(idx(8, {100'000'000, 28, 28}, "abc")), "can hold"},
      {"row 43: empty file", "", "at byte 0: ends"},
  };
  for (const Case& c : cases) {
    SECTION(c.name) {
      const std::string path = folder.file("bad", c.content);
      const std::string problem = problem_of(path);
      INFO(problem);
      CHECK(contains(problem, path + ": error: at byte "));
      CHECK(contains(problem, c.expected));
    }
  }
}

TEST_CASE("row 31: an IDX file cut off at any byte is refused, packed or not") {
  const TemporaryFolder folder;
  for (const std::string& content : {kSmall, gzip(kSmall)}) {
    for (size_t size = 0; size < content.size(); ++size) {
      const std::string problem = problem_of(folder.file("cut", content.substr(0, size)));
      INFO(size << ": " << problem);
      CHECK(contains(problem, "at byte "));
    }
  }
}

TEST_CASE("row 31: gzip with any changed byte is refused or gives the same array") {
  const TemporaryFolder folder;
  const std::string content = gzip(kSmall);
  size_t refused = 0;
  constexpr size_t kHeader = 10;  // its flags and time stamp do not concern the content
  for (size_t i = kHeader; i < content.size(); ++i) {
    std::string damaged = content;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    const std::string path = folder.file("damaged", damaged);
    const std::string problem = problem_of(path);
    INFO(i << ": " << problem);
    if (!problem.empty()) {
      CHECK(contains(problem, "at byte "));
      ++refused;
    } else {  // a bit that pads the last byte of the packed data
      const IdxArray array = read_idx(path);
      CHECK(std::string(array.bytes.begin(), array.bytes.end()) == "abcdef");
    }
  }
  CHECK(refused >= content.size() - kHeader - 1);
}

TEST_CASE("row 47: no more is unpacked than the header states") {
  const TemporaryFolder folder;
  const std::string bomb = gzip(idx(8, {16}, std::string(20'000'000, '\0')));
  CHECK(bomb.size() < 100'000);
  CHECK(contains(problem_of(folder.file("bomb", bomb)), "expected 24 bytes in all"));
}

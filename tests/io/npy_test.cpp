#include "io/npy.h"

#include <unistd.h>

#include "base/error.h"
#include "support/catch.h"
#include "support/files.h"
#include "support/text.h"

using namespace cnn;

namespace {

std::string npy(const std::string& dict, const std::string& data, int version = 1) {
  std::string content = "\x93NUMPY";
  content += static_cast<char>(version);
  content += '\0';
  const size_t length = dict.size();
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i) {
    content += static_cast<char>(length >> (8 * i) & 255);
  }
  return content + dict + data;
}

std::string dict(const std::string& descr, const std::string& shape,
                 const std::string& fortran = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }\n";
}

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

std::string problem_of(const std::string& path) {
  try {
    NpyReader(path).read_all();
    return "";
  } catch (const Error& error) {
    REQUIRE(error.code() == Exit::kInput);
    return error.what();
  }
}

}  // namespace

TEST_CASE("an array that is written reads back, whole and in pieces") {
  const TemporaryFolder folder;
  const std::string path = folder.str("x.npy");
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  for (const std::vector<int64_t>& shape :
       {std::vector<int64_t>{2, 3}, {6}, {1, 2, 3, 1}, std::vector<int64_t>{3, 2, 1}}) {
    write_npy(path, shape, values);
    const NpyReader reader(path);
    CHECK(reader.shape() == shape);
    CHECK(reader.type() == NpyType::kFloat32);
    CHECK(reader.read_all() == values);
    std::vector<float> part(2);
    reader.read(3, part);
    CHECK(part == std::vector<float>{4, 5});
    CHECK((reader.file_size() - 24) % 64 == 0);
  }
  NpyWriter writer(path, {2, 2});
  writer.append(std::span(values).first(1));
  writer.append(std::span(values).subspan(1, 3));
  writer.commit();
  CHECK(NpyReader(path).read_all() == std::vector<float>{1, 2, 3, 4});
  write_npy(path, {}, std::span(values).first(1));
  CHECK(NpyReader(path).shape().empty());
}

TEST_CASE("the types of NumPy are converted") {
  const TemporaryFolder folder;
  struct Case {
    std::string descr, data;
    bool integer;
  };
  const std::vector<Case> cases = {
      {"<f4", bytes_of<float>({1, 0, 1}), false},  {"<f8", bytes_of<double>({1, 0, 1}), false},
      {"<i8", bytes_of<int64_t>({1, 0, 1}), true}, {"<i4", bytes_of<int32_t>({1, 0, 1}), true},
      {"|u1", bytes_of<uint8_t>({1, 0, 1}), true}, {"|b1", bytes_of<uint8_t>({1, 0, 1}), true},
  };
  for (const Case& c : cases) {
    for (const int version : {1, 2, 3}) {
      INFO(c.descr << " version " << version);
      const NpyReader reader(folder.file("a", npy(dict(c.descr, "(3,)"), c.data, version)));
      CHECK(reader.is_integer() == c.integer);
      CHECK(reader.read_all() == std::vector<float>{1, 0, 1});
      if (!c.integer) continue;
      std::vector<int64_t> numbers(3);
      reader.read(0, numbers);
      CHECK(numbers == std::vector<int64_t>{1, 0, 1});
    }
  }
  const std::vector<int64_t> large(100'000, -5);  // more than one piece
  const NpyReader reader(folder.file("l", npy(dict("<i8", "(100000,)"), bytes_of(large))));
  CHECK(reader.read_all() == std::vector<float>(large.size(), -5));
}

TEST_CASE("a .npy file cut off at any byte, or too long, is refused") {
  const TemporaryFolder folder;
  const std::string content = npy(dict("<f4", "(2, 2)"), bytes_of<float>({1, 2, 3, 4}));
  for (size_t size = 0; size < content.size(); ++size) {
    const std::string problem = problem_of(folder.file("cut", content.substr(0, size)));
    INFO(size << ": " << problem);
    CHECK(contains(problem, "at byte "));
  }
  CHECK(contains(problem_of(folder.file("long", content + "x")), "expected 16 bytes of data"));
}

TEST_CASE("an array in Fortran order is read as the same array in C order") {
  const TemporaryFolder folder;
  // [[0,1,2],[3,4,5]], first axis fastest; and [2,2,2] whose value is 100 i + 10 j + k.
  const NpyReader flat(
      folder.file("a", npy(dict("<f8", "(2, 3)", "True"), bytes_of<double>({0, 3, 1, 4, 2, 5}))));
  CHECK(flat.read_all() == std::vector<float>{0, 1, 2, 3, 4, 5});
  std::vector<float> part(2);
  flat.read(3, part);
  CHECK(part == std::vector<float>{3, 4});
  const NpyReader deep(folder.file("b", npy(dict("<f4", "(2, 2, 2)", "True"),
                                            bytes_of<float>({0, 100, 10, 110, 1, 101, 11, 111}))));
  CHECK(deep.read_all() == std::vector<float>{0, 1, 10, 11, 100, 101, 110, 111});
}

TEST_CASE("headers of .npy files that do not hold together are refused") {
  const TemporaryFolder folder;
  const std::string data = bytes_of<float>({1, 2, 3, 4});
  struct Case {
    std::string name, content, expected;
  };
  const std::vector<Case> cases = {
      {"no magic", "PK\x03\x04 this is a zip archive", "at byte 0: not a .npy file"},
      {"version", npy(dict("<f4", "(4,)"), data, 9), "at byte 6: version 9"},
      {"big-endian", npy(dict(">f4", "(4,)"), data), "'>f4'"},
      {"objects", npy(dict("|O", "(4,)"), data), "'|O'"},
      {"row 22: overflow", npy(dict("<f4", "(4194305, 4194305, 211106198978564)"), data),
       "element count overflows"},
      {"huge", npy(dict("<f4", "(99999999999999999999,)"), data), "bad dimension"},
      {"negative", npy(dict("<f4", "(-4,)"), data), "bad dimension"},
      {"unknown key", npy("{'descr': '<f4', 'colour': 'red'}", data), "'colour'"},
      {"missing key", npy("{'descr': '<f4', 'shape': (4,)}", data), "once each"},
      {"open quote", npy("{'descr: <f4, ", data), "not closed"},
      {"no truth", npy(dict("<f4", "(4,)", "false"), data), "True or False"},
      {"text after it", npy(dict("<f4", "(4,)") + "x", data), "after the header"},
      {"not a dict", npy("[1, 2]", data), "expected '{'"},
      {"long header", npy("", data).replace(8, 2, "\xff\xff"), "the header's length is 65535"},
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

TEST_CASE("one-dimensional arrays have no order") {
  const TemporaryFolder folder;
  const std::string path =
      folder.file("a", npy(dict("<f4", "(2,)", "True"), bytes_of<float>({1, 2})));
  CHECK(NpyReader(path).read_all() == std::vector<float>{1, 2});
}

TEST_CASE("row 46: an array that shrinks while it is read is an error") {
  const TemporaryFolder folder;
  const std::string path =
      folder.file("a", npy(dict("<f4", "(4,)"), bytes_of<float>({1, 2, 3, 4})));
  const NpyReader reader(path);
  REQUIRE(truncate(path.c_str(), 60) == 0);
  try {
    reader.read_all();
    FAIL("read");
  } catch (const Error& error) {
    CHECK(error.code() == Exit::kResource);
  }
}

#include "io/safetensors.h"

#include <bit>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "support/catch.h"
#include "support/files.h"
#include "support/text.h"

using namespace cnn;

namespace {

using json = nlohmann::json;

// A whole file from a header's text and the data.
std::string file_of(const std::string& header, const std::string& data) {
  const uint64_t length = header.size();
  std::string content(sizeof(length), '\0');
  std::memcpy(content.data(), &length, sizeof(length));
  return content + header + data;
}

std::string entry(const std::string& dtype, const std::string& shape, int begin, int end) {
  return fmt::format(R"({{"dtype":"{}","shape":{},"data_offsets":[{},{}]}})", dtype, shape, begin,
                     end);
}

void read_all(const std::string& path) {
  const SafetensorsReader reader(path);
  for (const SafeTensor& t : reader.tensors()) {
    std::vector<float> values(static_cast<size_t>(t.count));
    reader.read(t, values);
  }
}

// The text of the Exit::kInput error that reading everything gives; empty if it gives none.
std::string problem_of(const std::string& path) {
  try {
    read_all(path);
    return "";
  } catch (const Error& error) {
    REQUIRE(error.code() == Exit::kInput);
    return error.what();
  }
}

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

// A small file of ours.
std::string write_sample(const TemporaryFolder& folder) {
  const std::string path = folder.str("w.safetensors");
  const std::vector<float> weight = {1, -2, 3.5f, 4, 5, 6}, bias = {0.25f, 8};
  SafetensorsWriter writer;
  writer.set_metadata("classes", "[\"cat\",\"d\\\"og\"]");
  writer.add("fc.weight", {2, 3}, weight);
  writer.add("fc.bias", {2}, [&](int64_t first, std::span<float> out) {
    std::copy_n(bias.begin() + first, out.size(), out.begin());
  });
  writer.write(path);
  return path;
}

}  // namespace

TEST_CASE("what is written reads back: names, shapes, order, metadata, numbers") {
  const TemporaryFolder folder;
  const SafetensorsReader reader(write_sample(folder));
  REQUIRE(reader.tensors().size() == 2);
  CHECK(reader.tensors()[0].name == "fc.weight");
  CHECK(reader.tensors()[1].name == "fc.bias");
  CHECK(reader.tensors()[0].shape == std::vector<int64_t>{2, 3});
  CHECK(reader.tensors()[0].begin % 8 == 0);
  const std::map<std::string, std::string> metadata = {{"classes", "[\"cat\",\"d\\\"og\"]"}};
  CHECK(reader.metadata() == metadata);
  CHECK(reader.find("fc.w") == nullptr);
  std::vector<float> bias(2);
  reader.read(*reader.find("fc.bias"), bias);
  CHECK(bias == std::vector<float>{0.25f, 8});
  reader.verify();
}

TEST_CASE("the header is JSON that other tools read") {
  const TemporaryFolder folder;
  const std::string content = read_text(write_sample(folder));
  uint64_t length = 0;
  std::memcpy(&length, content.data(), sizeof(length));
  const json header = json::parse(content.substr(8, length));
  CHECK(header["fc.bias"]["dtype"] == "F32");
  CHECK(header["fc.bias"]["data_offsets"] == json({24, 32}));
  CHECK(header["__metadata__"].size() == 4);
  CHECK(content.size() == 8 + length + 32);
}

TEST_CASE("an empty set of tensors, an empty tensor and a single number are files too") {
  const TemporaryFolder folder;
  const std::string path = folder.str("e");
  SafetensorsWriter().write(path);
  CHECK(SafetensorsReader(path).tensors().empty());
  const float one = 7;
  SafetensorsWriter writer;
  writer.add("none", {0, 4}, std::span<const float>());
  writer.add("one", {}, std::span(&one, 1));
  writer.write(path);
  CHECK(problem_of(path) == "");
}

TEST_CASE("other types are converted exactly") {
  const TemporaryFolder folder;
  struct Case {
    std::string dtype, data;
    std::vector<float> expected;
  };
  const float smallest_half = std::ldexp(1.0f, -24);
  const std::vector<Case> cases = {
      {"F16",
       bytes_of<uint16_t>({0x3c00, 0xc000, 0x0001, 0x7bff, 0x8000, 0x0400}),
       {1, -2, smallest_half, 65504, -0.0f, std::ldexp(1.0f, -14)}},
      {"BF16", bytes_of<uint16_t>({0x3f80, 0xc000, 0x4049}), {1, -2, 3.140625f}},
      {"F64", bytes_of<double>({1.5, -1e-3}), {1.5f, -1e-3f}},
      {"I64", bytes_of<int64_t>({3, -70000}), {3, -70000}},
      {"I32", bytes_of<int32_t>({3, -70000}), {3, -70000}},
      {"U8", bytes_of<uint8_t>({3, 255}), {3, 255}},
      {"BOOL", bytes_of<uint8_t>({1, 0}), {1, 0}},
  };
  for (const Case& c : cases) {
    INFO(c.dtype);
    const int count = static_cast<int>(c.expected.size());
    const std::string shape = fmt::format("[{}]", count);
    const std::string header =
        "{\"a\":" + entry(c.dtype, shape, 0, static_cast<int>(c.data.size())) + "}";
    const SafetensorsReader reader(folder.file("t", file_of(header, c.data)));
    std::vector<float> values(static_cast<size_t>(count));
    reader.read(reader.tensors()[0], values);
    CHECK(values == c.expected);
  }
}

TEST_CASE("row 50: a file cut off at any byte is refused with its size") {
  const TemporaryFolder folder;
  const std::string content = read_text(write_sample(folder));
  for (size_t size = 0; size < content.size(); ++size) {
    const std::string problem = problem_of(folder.file("cut", content.substr(0, size)));
    INFO(size << ": " << problem);
    CHECK(contains(problem, "at byte "));
    CHECK(contains(problem, size < 8 ? std::to_string(size) + " bytes" : "has "));
  }
}

TEST_CASE("row 51: any changed byte is noticed, in the numbers with the tensor's name") {
  const TemporaryFolder folder;
  const std::string content = read_text(write_sample(folder));
  uint64_t length = 0;
  std::memcpy(&length, content.data(), sizeof(length));
  for (size_t i = 0; i < content.size(); ++i) {
    for (const int flip : {0x01, 0x20, 0x80, 0xff}) {
      std::string damaged = content;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      if (i >= 8 && i < 8 + length && content[i] == ' ' && damaged[i] == '\0') continue;
      const std::string problem = problem_of(folder.file("damaged", damaged));
      INFO("byte " << i << " ^ " << flip << ": " << problem);
      CHECK(contains(problem, "at byte "));
      if (i >= 8 + length) {
        CHECK(contains(problem, "checksum"));
        CHECK(contains(problem, i < 8 + length + 24 ? "'fc.weight'" : "'fc.bias'"));
      }
    }
  }
}

TEST_CASE("headers that do not hold together are refused before numbers are read") {
  const TemporaryFolder folder;
  const std::string data(16, '\0');
  const std::string good = entry("F32", "[2]", 0, 8), next = entry("F32", "[2]", 8, 16);
  struct Case {
    std::string name, header, expected;
  };
  const std::vector<Case> cases = {
      {"row 52: unknown dtype", R"({"a":)" + entry("F31", "[4]", 0, 16) + "}", "'F31'"},
      {"row 54: overlap", R"({"a":)" + entry("F32", "[4]", 0, 16) + R"(,"b":)" + next + "}",
       "overlaps"},
      {"row 54: hole", R"({"a":)" + entry("F32", "[1]", 0, 4) + R"(,"b":)" + next + "}", "hole"},
      {"row 54: hole at the start", R"({"b":)" + next + "}", "hole"},
      {"row 54: duplicate name", R"({"a":)" + good + R"(,"a":)" + next + "}", "'a' is there twice"},
      {"row 54: trailing bytes", R"({"a":)" + good + "}", "8 bytes after the last tensor"},
      {"row 55: shape differs", R"({"a":)" + entry("F32", "[5]", 0, 16) + "}", "takes 20"},
      {"row 55: beyond the file", R"({"a":)" + entry("F32", "[8]", 0, 32) + "}", "not whole"},
      {"row 55: reversed", R"({"a":)" + entry("F32", "[2]", 8, 0) + "}", "not whole"},
      {"row 22: count overflows",
       R"({"a":)" + entry("F32", "[4611686018427387904,16]", 0, 16) + "}", "overflows"},
      {"negative size", R"({"a":)" + entry("F32", "[-4]", 0, 16) + "}", "negative"},
      {"fraction", R"({"a":)" + entry("F32", "[4.5]", 0, 16) + "}", "'4.5'"},
      {"missing shape", R"({"a":{"dtype":"F32","data_offsets":[0,16]}})", "needs 'dtype'"},
      {"unknown part", R"({"a":{"dtype":"F32","colour":1}})", "'colour'"},
      {"part twice", R"({"a":{"dtype":"F32","dtype":"F32"}})", "twice"},
      {"three offsets", R"({"a":{"data_offsets":[0,1,2]}})", "unexpected a number"},
      {"one offset", R"({"a":{"data_offsets":[0]}})", "two numbers"},
      {"a list", "[]", "unexpected a list"},
      {"a number", "3", "unexpected a number"},
      {"nothing", "", "not valid JSON"},
      {"not JSON", "{\"a\"", "at byte 12: the header is not valid JSON"},
      {"text after it", "{} x", "not valid JSON"},
      {"bad UTF-8", "{\"\xff\":1}", "not valid JSON"},
      {"row 5: deep nesting", std::string(1'000'000, '['), "unexpected a list"},
      {"metadata of numbers", R"({"__metadata__":{"a":1}})", "unexpected a number"},
      {"metadata twice", R"({"__metadata__":{"a":"1","a":"2"}})", "'a' is there twice"},
      {"checksum of nothing",
       R"({"__metadata__":{"crc32.__metadata__":"00000000","crc32.a":"00000000",)"
       R"("crc32.x":"00000000"},"a":)" +
           entry("F32", "[4]", 0, 16) + "}",
       "'crc32.x'"},
      {"checksum that is missing",
       R"({"__metadata__":{"crc32.__metadata__":"00000000"},"a":)" + entry("F32", "[4]", 0, 16) +
           "}",
       "'crc32.a' is missing"},
      {"checksum that is none",
       R"({"__metadata__":{"crc32.a":"xyz"},"a":)" + entry("F32", "[4]", 0, 16) + "}",
       "8 hexadecimal"},
  };
  for (const Case& c : cases) {
    SECTION(c.name) {
      const std::string path = folder.file("bad", file_of(c.header, data));
      const std::string problem = problem_of(path);
      INFO(problem);
      CHECK(contains(problem, path + ": error: at byte "));
      CHECK(contains(problem, c.expected));
    }
  }
}

TEST_CASE("row 53: a header length beyond the file or 100 MB is refused before allocation") {
  const TemporaryFolder folder;
  for (const uint64_t length : {uint64_t{9}, uint64_t{100'000'001}, ~uint64_t{0}}) {
    const std::string path = folder.file("long", bytes_of<uint64_t>({length}) + "{}      ");
    CHECK(contains(problem_of(path), "at byte 0: the header's length"));
  }
}

TEST_CASE("row 56: 100,000 tensors are read in a second") {
  const TemporaryFolder folder;
  const std::string path = folder.str("many");
  constexpr int kCount = 100'000;
  const std::vector<float> values(kCount, 1);
  SafetensorsWriter writer;
  for (size_t i = 0; i < values.size(); ++i) {
    writer.add("layer" + std::to_string(i), {1}, std::span(&values[i], 1));
  }
  writer.write(path);
  const auto start = std::chrono::steady_clock::now();
  const SafetensorsReader reader(path);
  CHECK(reader.tensors().size() == kCount);
  CHECK(reader.find("layer77777") != nullptr);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  CHECK(took.count() < 5);  // a second where nothing else runs
  std::string header = "{";
  for (int i = 0; i <= 200'000; ++i) {
    header += fmt::format("{}\"{}\":{}", i == 0 ? "" : ",", i, entry("F32", "[0]", 0, 0));
  }
  CHECK(contains(problem_of(folder.file("more", file_of(header + "}", ""))), "more than 200000"));
}

TEST_CASE("row 58: numbers that are not finite are refused unless they are accepted") {
  const TemporaryFolder folder;
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    const std::vector<float> values = {1, 2, bad, 4};
    const std::string path = folder.str("n");
    SafetensorsWriter writer;
    writer.add("w", {4}, values);
    writer.write(path);
    const std::string problem = problem_of(path);
    CHECK(contains(problem, "tensor 'w': number 2"));
    SafetensorsReader reader(path);
    CHECK_THROWS_AS(reader.verify(), Error);
    reader.accept_non_finite(true);
    reader.verify();
    std::vector<float> read(4);
    reader.read(reader.tensors()[0], read);
    CHECK(std::bit_cast<uint32_t>(read[2]) == std::bit_cast<uint32_t>(bad));
  }
}

TEST_CASE("row 61: weights that cannot be written leave the old ones") {
  const TemporaryFolder folder;
  const std::string path = write_sample(folder), before = read_text(path);
  set_file_faults([seen = 0](std::string_view call) mutable {
    return call == "write" && ++seen == 3 ? ENOSPC : 0;
  });
  SafetensorsWriter writer;
  const float one = 1;
  writer.add("other", {1}, std::span(&one, 1));
  CHECK_THROWS_AS(writer.write(path), Error);
  set_file_faults({});
  CHECK(read_text(path) == before);
}

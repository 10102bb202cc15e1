#include "io/torch_file.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>

#include "base/error.h"
#include "io/open_tensors.h"
#include "support/catch.h"
#include "support/files.h"
#include "support/text.h"
#include "support/torch_files.h"

using namespace cnn;
using namespace cnn::test;

namespace {

const StoredNumbers kNumbers = {"0", "FloatStorage", raw<float>({1, -2, 3.5f, 4, 5, 6, 7, 8}), 4};

std::vector<float> numbers_of(const TensorReader& reader, std::string_view name) {
  const SafeTensor* tensor = reader.find(name);
  REQUIRE(tensor != nullptr);
  std::vector<float> numbers(static_cast<size_t>(tensor->count));
  reader.read(*tensor, numbers);
  return numbers;
}

// All that a file says, as one text.
std::string content_of(const TensorReader& reader) {
  reader.verify();
  std::string content;
  for (const SafeTensor& t : reader.tensors()) {
    content += t.name + " " + t.dtype;
    for (const int64_t n : t.shape) content += " " + std::to_string(n);
    std::vector<float> numbers(static_cast<size_t>(t.count));
    reader.read(t, numbers);
    content += raw(numbers);
  }
  return content;
}

// The text of the Exit::kInput error that reading everything gives; empty if it gives none.
std::string problem_of(const std::string& path, std::string* content = nullptr) {
  try {
    const std::string all = content_of(*open_tensors(path));
    if (content != nullptr) *content = all;
    return "";
  } catch (const Error& error) {
    REQUIRE(error.code() == Exit::kInput);
    return error.what();
  }
}

// Two tensors, the second a view of the same numbers; a count; and what is no tensor.
std::string sample_object(bool is_old) {
  const StoredNumbers batches = {"1", "LongStorage", raw<int64_t>({70'000}), 8};
  return ordered_op({{"fc.weight", tensor_op(kNumbers, 0, {2, 3}, {3, 1}, is_old)},
                     {"epoch", int_op(5)},
                     {"fc.bias", tensor_op(kNumbers, 6, {2}, {1}, is_old)},
                     {"bn.num_batches_tracked", tensor_op(batches, 0, {}, {}, is_old)}});
}

std::string sample(bool is_old) {
  const std::vector<StoredNumbers> storages = {kNumbers,
                                               {"1", "LongStorage", raw<int64_t>({70'000}), 8}};
  return is_old ? old_file(sample_object(true), storages)
                : new_file(sample_object(false), storages);
}

// A file of either format with one object and `kNumbers`.
std::string file_of(const std::string& object, bool is_old = false) {
  return is_old ? old_file(object, {kNumbers}) : new_file(object, {kNumbers});
}

// Writes into a file without cutting it off first, which a disk would wait for.
void overwrite(const std::string& path, size_t at, std::string_view bytes) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(at));
  file << bytes;
  REQUIRE(file.flush());
}

// What reading gives with each byte of a file changed in several ways: tell(byte, problem,
// content).
template <class Tell>
void change_each_byte(const std::string& path, Tell&& tell) {
  const std::string whole = read_text(path);
  for (size_t i = 0; i < whole.size(); ++i) {
    for (const int flip : {0x01, 0x20, 0x80, 0xff}) {
      overwrite(path, i, std::string(1, static_cast<char>(whole[i] ^ flip)));
      std::string content;
      const std::string problem = problem_of(path, &content);
      tell(i, problem, content);
    }
    overwrite(path, i, whole.substr(i, 1));
  }
}

}  // namespace

TEST_CASE("a state dict of torch.save is read in both formats whatever the file's name") {
  const TemporaryFolder folder;
  for (const bool is_old : {false, true}) {
    INFO("old " << is_old);
    const auto reader = open_tensors(folder.file("w.safetensors", sample(is_old)));
    reader->verify();
    REQUIRE(reader->tensors().size() == 3);
    CHECK(reader->metadata().empty());
    CHECK(reader->tensors()[0].name == "fc.weight");
    CHECK(reader->tensors()[0].shape == std::vector<int64_t>{2, 3});
    CHECK(numbers_of(*reader, "fc.weight") == std::vector<float>{1, -2, 3.5f, 4, 5, 6});
    CHECK(numbers_of(*reader, "fc.bias") == std::vector<float>{7, 8});
    CHECK(reader->find("bn.num_batches_tracked")->shape.empty());
    CHECK(numbers_of(*reader, "bn.num_batches_tracked") == std::vector<float>{70'000});
  }
}

TEST_CASE("a safetensors file that begins like a pickle or an archive stays one") {
  std::string head = little(uint64_t{0x280}) + "{";
  CHECK_FALSE(is_torch_file(head));
  head = little(uint64_t{0x04034b50}) + "{";
  CHECK_FALSE(is_torch_file(head));
  CHECK_FALSE(is_torch_file(""));
  CHECK_FALSE(is_torch_file("\x80"));
  CHECK(is_torch_file(sample(true)));
  CHECK(is_torch_file(sample(false)));
}

TEST_CASE("numbers of every type of torch are converted") {
  const TemporaryFolder folder;
  struct Case {
    StoredNumbers storage;
    std::vector<float> expected;
  };
  const std::vector<Case> cases = {
      {{"0", "HalfStorage", raw<uint16_t>({0x3c00, 0xc000, 0x0001}), 2},
       {1, -2, std::ldexp(1.0f, -24)}},
      {{"0", "BFloat16Storage", raw<uint16_t>({0x3f80, 0xc000, 0x4049}), 2}, {1, -2, 3.140625f}},
      {{"0", "DoubleStorage", raw<double>({1.5, -1e-3}), 8}, {1.5f, -1e-3f}},
      {{"0", "LongStorage", raw<int64_t>({3, -70'000}), 8}, {3, -70'000}},
      {{"0", "IntStorage", raw<int32_t>({3, -70'000}), 4}, {3, -70'000}},
      {{"0", "ByteStorage", raw<uint8_t>({3, 255}), 1}, {3, 255}},
      {{"0", "BoolStorage", raw<uint8_t>({1, 0}), 1}, {1, 0}},
  };
  for (const Case& c : cases) {
    for (const bool is_old : {false, true}) {
      INFO(c.storage.type << " old " << is_old);
      const std::string object =
          dict_op({{"a", tensor_op(c.storage, 0, {c.storage.count()}, {1}, is_old)}});
      const std::string content =
          is_old ? old_file(object, {c.storage}) : new_file(object, {c.storage});
      CHECK(numbers_of(*open_tensors(folder.file("t", content)), "a") == c.expected);
    }
  }
  const StoredNumbers complex = {"0", "ComplexFloatStorage", std::string(16, '\0'), 8};
  const std::string object = dict_op({{"a", tensor_op(complex, 0, {2}, {1})}});
  const std::string problem = problem_of(folder.file("c", new_file(object, {complex})));
  INFO(problem);
  CHECK(contains(problem, "tensor 'a' has numbers of torch.complex64, which are not read"));
}

TEST_CASE("tensors that are transposed or parts of others are read in the order of their axes") {
  const TemporaryFolder folder;
  for (const bool is_old : {false, true}) {
    const std::string object = ordered_op({
        {"transposed", tensor_op(kNumbers, 1, {3, 2}, {1, 3}, is_old)},
        {"part", tensor_op(kNumbers, 1, {2, 1, 2}, {4, 99, 1}, is_old)},
        {"every other", tensor_op(kNumbers, 0, {4}, {2}, is_old)},
        {"one", tensor_op(kNumbers, 7, {1, 1}, {5, 5}, is_old)},
        {"none", tensor_op(kNumbers, 0, {2, 0}, {7, 7}, is_old)},
    });
    const auto reader = open_tensors(folder.file("t", file_of(object, is_old)));
    reader->verify();
    CHECK(numbers_of(*reader, "transposed") == std::vector<float>{-2, 5, 3.5f, 6, 4, 7});
    CHECK(numbers_of(*reader, "part") == std::vector<float>{-2, 3.5f, 6, 7});
    CHECK(numbers_of(*reader, "every other") == std::vector<float>{1, 3.5f, 5, 7});
    CHECK(numbers_of(*reader, "one") == std::vector<float>{8});
    CHECK(numbers_of(*reader, "none").empty());
  }
  const StoredNumbers bad = {"0", "FloatStorage", raw<float>({1, 2, 3, NAN}), 4};
  const std::string object = dict_op({{"w", tensor_op(bad, 0, {2, 2}, {1, 2})}});
  const std::string problem = problem_of(folder.file("n", new_file(object, {bad})));
  INFO(problem);
  CHECK(contains(problem, "tensor 'w': number 3 is nan, not finite"));
}

TEST_CASE("a long transposed tensor is read in pieces") {
  const TemporaryFolder folder;
  constexpr int32_t kRows = 50'000, kColumns = 3;
  std::vector<float> values(size_t{kRows} * kColumns);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  const StoredNumbers storage = {"0", "FloatStorage", raw(values), 4};
  const std::string object = dict_op({{"w", tensor_op(storage, 0, {kRows, kColumns}, {1, kRows})}});
  const auto reader = open_tensors(folder.file("t", new_file(object, {storage})));
  int pieces = 0;
  reader->read(reader->tensors()[0], [&](int64_t first, std::span<const float> numbers) {
    ++pieces;
    for (size_t i = 0; i < numbers.size(); ++i) {
      const auto at = static_cast<int64_t>(i) + first;
      if (numbers[i] != static_cast<float>(at % kColumns * kRows + at / kColumns)) {
        FAIL("number " << at << " is " << numbers[i]);
      }
    }
  });
  CHECK(pieces == 3);
}

TEST_CASE("parameters and untyped storages and old views are read as tensors") {
  const TemporaryFolder folder;
  const std::string weight = tensor_op(kNumbers, 0, {2}, {1});
  const std::string hooks = global_op("collections", "OrderedDict") + ")R";
  const std::string parameter =
      call_op(global_op("torch._utils", "_rebuild_parameter"), {weight, "\x88", hooks});
  const std::string untyped =
      tuple_op({text_op("storage"), global_op("torch.storage", "UntypedStorage"), text_op("0"),
                text_op("cuda:0"), int_op(32)}) +
      "Q";
  const std::string third = call_op(global_op("torch._utils", "_rebuild_tensor_v3"),
                                    {untyped, int_op(2), sizes_op({1, 2}), sizes_op({9, 1}), "\x89",
                                     hooks, global_op("torch", "float32")});
  const std::string sized =
      call_op(global_op("torch._utils", "_rebuild_tensor"),
              {tuple_op({text_op("storage"), global_op("torch.cuda", "FloatStorage"), text_op("0"),
                         text_op("cuda:0"), int_op(8)}) +
                   "Q",
               int_op(1), call_op(global_op("torch", "Size"), {sizes_op({2})}), sizes_op({1})});
  const auto reader = open_tensors(
      folder.file("p", file_of(ordered_op({{"p", parameter}, {"u", third}, {"s", sized}}))));
  CHECK(numbers_of(*reader, "p") == std::vector<float>{1, -2});
  CHECK(numbers_of(*reader, "u") == std::vector<float>{3.5f, 4});
  CHECK(numbers_of(*reader, "s") == std::vector<float>{-2, 3.5f});
  // Of versions before 0.4: the storage is itself a part of another, from number 3 on.
  const std::string view =
      tuple_op({text_op("storage"), global_op("torch", "FloatStorage"), text_op("0"),
                text_op("cpu"), int_op(8), tuple_op({text_op("9"), int_op(3), int_op(5)})}) +
      "Q";
  const std::string old = call_op(global_op("torch._utils", "_rebuild_tensor_v2"),
                                  {view, int_op(1), sizes_op({2}), sizes_op({1}), "\x89", hooks});
  CHECK(numbers_of(*open_tensors(folder.file("v", file_of(dict_op({{"a", old}}), true))), "a") ==
        std::vector<float>{5, 6});
}

TEST_CASE("pickles of protocol 4 with frames and a memo are read") {
  using namespace std::string_literals;
  const auto word = [](const std::string& text) {
    return "\x8c" + little(static_cast<uint8_t>(text.size())) + text + "\x94";
  };
  // {"a": a tensor, "b": the same one again}; memo 3 is the tensor.
  const std::string storage = "(" + word("storage") + word("torch") + word("FloatStorage") +
                              "\x93" + word("0") + word("cpu") + "K\x08t\x94Q";
  const std::string tensor = word("torch._utils") + word("_rebuild_tensor_v2") + "\x93\x94(" +
                             storage + "K\x02K\x02\x85\x94K\x01\x85\x94\x89}t\x94R\x94";
  // Words before it: "a"; in it 2 + 1 + 5 + 1 + 2 + 1, so the tensor is the 13th.
  const std::string body = "}(" + word("a") + tensor + word("b") + "h\x0du.";
  const std::string whole = "\x80\x04\x95" + little(static_cast<uint64_t>(body.size())) + body;
  const TemporaryFolder folder;
  const auto reader = open_tensors(
      folder.file("four", zip_of({{"x/y/data.pkl", whole}, {"x/y/data/0", kNumbers.bytes}})));
  CHECK(numbers_of(*reader, "a") == std::vector<float>{3.5f, 4});
  CHECK(numbers_of(*reader, "b") == std::vector<float>{3.5f, 4});
}

TEST_CASE("a checkpoint's state dict is found under its usual keys") {
  const TemporaryFolder folder;
  const std::string state = ordered_op({{"w", tensor_op(kNumbers, 1, {2}, {1})}});
  for (const char* key : {"state_dict", "model_state_dict", "model"}) {
    const std::string object =
        dict_op({{"epoch", int_op(5)},
                 {"optimizer", dict_op({{"lr", "G?\xb9\x99\x99\x99\x99\x99\x9a"}})},
                 {key, state}});
    const auto reader = open_tensors(folder.file("c", file_of(object)));
    REQUIRE(reader->tensors().size() == 1);
    CHECK(numbers_of(*reader, "w") == std::vector<float>{-2, 3.5f});
  }
  // A tensor beside it, such as the last loss, is none of the weights.
  const std::string both = dict_op({{"model", state}, {"v", tensor_op(kNumbers, 0, {1}, {1})}});
  const auto reader = open_tensors(folder.file("b", file_of(both)));
  REQUIRE(reader->tensors().size() == 1);
  CHECK(reader->tensors()[0].name == "w");
}

TEST_CASE("what is no state dict of tensors is refused with its remedy") {
  const TemporaryFolder folder;
  struct Case {
    std::string name, content, expected;
  };
  const std::string good = tensor_op(kNumbers, 0, {2}, {1});
  const std::string save = "torch.save(model.state_dict(), FILE)";
  const std::vector<Case> cases = {
      {"expanded", file_of(dict_op({{"w", tensor_op(kNumbers, 0, {3, 2}, {0, 1})}})),
       "tensor 'w' is expanded: its 6 numbers are 2 in the file; save it with .contiguous()"},
      {"expanded without end",
       file_of(dict_op({{"w", tensor_op(kNumbers, 0, {1 << 29, 1 << 29}, {0, 0})}})),
       "tensor 'w' is expanded: its 288230376151711744 numbers are 1"},
      {"strides beyond its storage",
       file_of(dict_op({{"w", tensor_op(kNumbers, 0, {3, 2}, {1, 6})}})),
       "tensor 'w' has 9 numbers from number 0 on, its storage '0' has 8"},
      {"huge strides",
       file_of(dict_op({{"w", tensor_op(kNumbers, 0, {1 << 30, 2}, {1 << 30, 1 << 30})}})),
       "its storage '0' has 8"},
      {"a foreign name", file_of(call_op(global_op("os", "system"), {text_op("echo")})),
       "holds a whole object ('os.system'), not a state dict; save it with " + save},
      {"a foreign name in the old format", file_of(global_op("net", "Net"), true),
       "holds a whole object ('net.Net'), not a state dict"},
      {"one tensor", file_of(good), "holds a single tensor, not a state dict"},
      {"a list", file_of("](" + good + "e"), "holds a value, not a state dict"},
      {"no tensors", file_of(dict_op({{"epoch", int_op(5)}})), "no tensors, nor has one under"},
      {"no tensors but a key", file_of(dict_op({{"epoch", int_op(5)}})), "it has 'epoch'"},
      {"deep parameters",
       file_of("}" + text_op("w") +
               repeated(global_op("torch._utils", "_rebuild_parameter"), 1000) + "N" +
               repeated("\x85R", 1000) + "s"),
       "has no tensors"},
      {"a dict of itself", file_of("}q\1" + text_op("model") + "h\1s"), "has no tensors"},
      {"deep tuples", file_of(")" + std::string(1'900'000, '\x85')), "holds a value"},
      {"an empty dict", file_of("}"), "it has nothing"},
      {"name twice", file_of(dict_op({{"w", good}, {"w", good}})), "tensor 'w' is there twice"},
      {"beyond its storage", file_of(dict_op({{"w", tensor_op(kNumbers, 5, {4}, {1})}})),
       "tensor 'w' has 4 numbers from number 5 on, its storage '0' has 8"},
      {"beyond its old storage", file_of(dict_op({{"w", tensor_op(kNumbers, 9, {1}, {1})}}), true),
       "from number 9 on"},
      {"negative size", file_of(dict_op({{"w", tensor_op(kNumbers, 0, {-2}, {1})}})),
       "sizes and strides are to be here"},
      {"too many sizes",
       file_of(dict_op({{"w", tensor_op(kNumbers, 0, std::vector<int32_t>(17, 1),
                                        std::vector<int32_t>(17, 1))}})),
       "sizes and strides are to be here"},
      {"overflowing sizes",
       file_of(dict_op({{"w", tensor_op(kNumbers, 0, {1 << 30, 1 << 30, 1 << 30}, {1, 1, 1})}})),
       "its sizes overflow"},
      {"compressed", new_file(dict_op({{"w", good}}), {kNumbers}, {false, true, 8}),
       "is compressed"},
      {"another archive", zip_of({{"a.npy", "x"}}), "without data.pkl: no file of torch.save"},
      {"a program", zip_of({{"net/data.pkl", pickle("}")}, {"net/constants.pkl", ""}}),
       "TorchScript"},
      {"big-endian",
       zip_of({{"net/data.pkl", pickle(dict_op({{"w", good}}))}, {"net/byteorder", "big"}}),
       "big-endian"},
      {"old big-endian", old_file(dict_op({{"w", good}}), {kNumbers}, "\x89"), "big-endian"},
      {"a missing storage", new_file(dict_op({{"w", good}}), {}),
       "to be in 'net/data/0', which is not there"},
      {"a short storage",
       new_file(dict_op({{"w", good}}), {{"0", "FloatStorage", std::string(31, '\0'), 4}}),
       "which has 31 bytes"},
      {"an old missing storage", old_file(dict_op({{"w", good}}), {}), "storage '0' is not in"},
      {"an old storage too many",
       old_file(dict_op({{"w", good}}), {kNumbers, {"7", "FloatStorage", "", 4}}),
       "has '7', which no tensor knows"},
      {"an old storage twice", old_file(dict_op({{"w", good}}), {kNumbers, kNumbers}),
       "has '0', which is there twice"},
      {"bytes after it", file_of(dict_op({{"w", good}}), true) + "x", "1 bytes after the last"},
      {"a plain pickle", pickle(dict_op({{"w", int_op(1)}})) + "....",
       "a Python pickle, but no file of torch.save"},
      {"protocol 9", "\x80\x05}\x80\x09.", "a pickle of protocol 9"},
      {"member twice", zip_of({{"a/data.pkl", "1"}, {"a/data.pkl", "2"}}),
       "'a/data.pkl' is in the archive twice"},
  };
  for (const Case& c : cases) {
    const std::string path = folder.file(c.name, c.content);
    const std::string problem = problem_of(path);
    INFO(c.name << ": " << problem);
    CHECK(contains(problem, path + ": error: at byte "));
    CHECK(contains(problem, c.expected));
  }
}

TEST_CASE("archives with ZIP64 numbers and those without checksums are read") {
  const TemporaryFolder folder;
  const std::string object = dict_op({{"w", tensor_op(kNumbers, 2, {3}, {1})}});
  for (const ZipOptions& options : {ZipOptions{true, true, 0}, ZipOptions{false, false, 0}}) {
    const auto reader = open_tensors(folder.file("z", new_file(object, {kNumbers}, options)));
    reader->verify();
    CHECK(numbers_of(*reader, "w") == std::vector<float>{3.5f, 4, 5});
  }
}

TEST_CASE("an archive of more than 4 GiB is read beyond them") {
  const TemporaryFolder folder;
  const std::string object = dict_op({{"w", tensor_op(kNumbers, 2, {3}, {1})}});
  std::string file = new_file(object, {kNumbers}, {true, true, 0});
  // The same archive after 5 GiB that take no room on the disk: all places move, its ZIP64 numbers
  // with them. Each member's own place is the last number of its entry.
  constexpr uint64_t kHole = uint64_t{5} << 30;
  const auto move = [&](size_t at) {
    uint64_t place = 0;
    std::memcpy(&place, &file.at(at), sizeof(place));
    place += kHole;
    std::memcpy(&file.at(at), &place, sizeof(place));
  };
  const std::string wide_id = little(uint16_t{1}) + little(uint16_t{24});
  int moved = 0;
  for (size_t at = file.find("PK\1\2"); (at = file.find(wide_id, at)) != std::string::npos;
       ++moved) {
    move(at + 20);
    at += 28;
  }
  CHECK(moved == 4);
  move(file.rfind("PK\6\6") + 48);
  move(file.rfind("PK\6\7") + 8);
  const std::string path = folder.file("large", "PK\3\4");
  std::filesystem::resize_file(path, kHole);
  std::ofstream(path, std::ios::binary | std::ios::app) << file;
  const auto reader = open_tensors(path);
  reader->verify();
  CHECK(reader->tensors()[0].begin > kHole);
  CHECK(numbers_of(*reader, "w") == std::vector<float>{3.5f, 4, 5});
}

TEST_CASE("a file of torch.save that is cut off at any byte is refused") {
  const TemporaryFolder folder;
  for (const bool is_old : {false, true}) {
    const std::string path = folder.file("cut", sample(is_old));
    for (size_t size = std::filesystem::file_size(path); size-- > 0;) {
      std::filesystem::resize_file(path, size);
      const std::string problem = problem_of(path);
      if (!contains(problem, "at byte ")) FAIL("old " << is_old << " at " << size << problem);
    }
  }
  SUCCEED();
}

TEST_CASE("any changed byte of an archive is noticed or changes nothing") {
  const TemporaryFolder folder;
  const std::string path = folder.file("w", sample(false)), bytes = read_text(path);
  std::string whole;
  REQUIRE(problem_of(path, &whole) == "");
  size_t noticed = 0;
  change_each_byte(path, [&](size_t i, const std::string& problem, const std::string& content) {
    noticed += !problem.empty();
    // Dates, attributes and the format's version mean nothing here.
    const bool is_good = problem.empty() ? content == whole : contains(problem, "at byte ");
    if (!is_good) FAIL("byte " << i << ": " << problem);
  });
  CHECK(noticed > bytes.size() * 2);
  const size_t number = bytes.find(kNumbers.bytes);
  REQUIRE(number != std::string::npos);
  overwrite(path, number, "x");
  CHECK(contains(problem_of(path), "'net/data/0': its checksum is"));
}

TEST_CASE("changed bytes of the old format or of a pickle never do harm") {
  const TemporaryFolder folder;
  const std::string old = folder.file("old", sample(true));
  size_t noticed = 0;
  const auto look_at = [&](size_t i, const std::string& problem) {
    noticed += !problem.empty();
    if (!problem.empty() && !contains(problem, "at byte ")) FAIL("byte " << i << ": " << problem);
  };
  change_each_byte(
      old, [&](size_t i, const std::string& problem, const std::string&) { look_at(i, problem); });
  CHECK(noticed > read_text(old).size());
  // Several at once, in a pickle whose checksum is not known; and instructions at random.
  const std::string codes =
      "\x80\x95.N\x88\x89JKM\x8a\x8bGX\x8c\x8dTUBC\x8e\x96()t\x85\x86\x87]lae}dsu012qr\x94hj"
      "c\x93R\x81"
      "bQ";
  const std::string object = sample_object(false);
  const std::string path = folder.file("p", new_file(object, {kNumbers}, {false, false, 0}));
  const size_t begin = read_text(path).find(object);
  REQUIRE(begin != std::string::npos);
  std::mt19937 random(7);
  for (size_t round = 0; round < 3000; ++round) {
    std::string damaged = object;
    for (int i = 0; i < 3; ++i) {
      damaged[random() % damaged.size()] =
          i == 0 ? static_cast<char>(random()) : codes[random() % codes.size()];
    }
    if (round % 3 == 0) {
      for (char& c : damaged) c = codes[random() % codes.size()];
    }
    overwrite(path, begin, damaged);
    look_at(round, problem_of(path));
  }
  CHECK(noticed > 3000);
}

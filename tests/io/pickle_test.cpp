#include "io/pickle.h"

#include <chrono>

#include "base/error.h"
#include "support/catch.h"
#include "support/files.h"
#include "support/text.h"
#include "support/torch_files.h"

using namespace cnn;
using namespace cnn::test;

namespace {

Pickle read_whole(
    const std::string& path, const CheckGlobal& check = [](const auto&, auto) {}) {
  const InputFile file(path);
  return read_pickle(file, 0, file.size(), check);
}

// The text of the Exit::kInput error that reading gives; empty if it gives none.
std::string problem_of(const std::string& path) {
  try {
    read_whole(path);
    return "";
  } catch (const Error& error) {
    REQUIRE(error.code() == Exit::kInput);
    return error.what();
  }
}

}  // namespace

TEST_CASE("the values of a pickle are what Python reads") {
  using namespace std::string_literals;
  struct Case {
    std::string instructions;
    PickleKind kind;
    int64_t integer = 0;
    std::string text = {};
  };
  const std::vector<Case> cases = {
      {"N", PickleKind::kNone},
      {"\x88", PickleKind::kBool, 1},
      {"\x89", PickleKind::kBool, 0},
      {"J\xff\xff\xff\xff", PickleKind::kInteger, -1},
      {"K\xff", PickleKind::kInteger, 255},
      {"M\x01\xff", PickleKind::kInteger, 65'281},
      {"\x8a\0"s, PickleKind::kInteger, 0},
      {"\x8a\1\xff"s, PickleKind::kInteger, -1},
      {"\x8a\2\xff\0"s, PickleKind::kInteger, 255},
      {"\x8a\5\0\0\0\0\1"s, PickleKind::kInteger, int64_t{1} << 32},
      {"\x8b\2\0\0\0\0\x80"s, PickleKind::kInteger, -32'768},
      {"\x8a\x09"s + "123456789", PickleKind::kLong, 0, "123456789"},
      {"X\2\0\0\0hi"s, PickleKind::kText, 0, "hi"},
      {"\x8c\2hi", PickleKind::kText, 0, "hi"},
      {"\x8d\2\0\0\0\0\0\0\0hi"s, PickleKind::kText, 0, "hi"},
      {"U\2hi", PickleKind::kText, 0, "hi"},
      {"C\2\xff\1", PickleKind::kBytes, 0, "\xff\1"},
      {"\x96\1\0\0\0\0\0\0\0x"s, PickleKind::kBytes, 0, "x"},
      {"cos\npath\n", PickleKind::kGlobal, 0, "os.path"},
      {"\x8c\2os\x8c\4path\x93", PickleKind::kGlobal, 0, "os.path"},
      {"K\1K\2"
       "0",
       PickleKind::kInteger, 1},
      {"K\3(K\1K\2"
       "1",
       PickleKind::kInteger, 3},
  };
  const TemporaryFolder folder;
  for (const Case& c : cases) {
    const Pickle read = read_whole(folder.file("p", pickle(c.instructions) + "more"));
    CHECK(read.root().kind == c.kind);
    CHECK(read.root().integer == c.integer);
    CHECK(read.root().text == c.text);
    CHECK(read.end() == c.instructions.size() + 3);
  }
  const Pickle real = read_whole(folder.file("r", pickle("G\xbf\xf8\0\0\0\0\0\0"s)));
  CHECK(real.root().real == -1.5);
}

TEST_CASE("tuples and lists and dicts of a pickle have their items in order") {
  const TemporaryFolder folder;
  const std::string pair = "K\1K\2";
  struct Case {
    std::string instructions;
    PickleKind kind;
    std::vector<int64_t> items;
  };
  const std::string ordered = global_op("collections", "OrderedDict");
  const std::vector<Case> cases = {
      {")", PickleKind::kTuple, {}},
      {"K\5\x85", PickleKind::kTuple, {5}},
      {pair + "\x86", PickleKind::kTuple, {1, 2}},
      {pair + "K\3\x87", PickleKind::kTuple, {1, 2, 3}},
      {"(" + pair + "t", PickleKind::kTuple, {1, 2}},
      {"](" + pair +
           "eK\3"
           "a",
       PickleKind::kList,
       {1, 2, 3}},
      {"(" + pair + "l", PickleKind::kList, {1, 2}},
      {"}" + pair + "s(K\3K\4u", PickleKind::kDict, {1, 2, 3, 4}},
      {"(" + pair + "d", PickleKind::kDict, {1, 2}},
      {ordered + ")R" + pair + "s", PickleKind::kDict, {1, 2}},
      {ordered + "](](" + pair + "e](K\3K\4ee\x85R", PickleKind::kDict, {1, 2, 3, 4}},
      {pair + "q\7\x86h\7\x86", PickleKind::kTuple, {0, 2}},
  };
  for (const Case& c : cases) {
    const Pickle read = read_whole(folder.file("p", pickle(c.instructions)));
    CHECK(read.root().kind == c.kind);
    std::vector<int64_t> items;
    for (const PickleId id : read.root().items) items.push_back(read.at(id).integer);
    CHECK(items == c.items);
  }
}

TEST_CASE("a call in a pickle is kept and not made and its name is asked for") {
  const TemporaryFolder folder;
  std::string asked;
  uint64_t where = 0;
  const std::string path =
      folder.file("p", pickle(call_op(global_op("os", "system"), {text_op("x")}) + "Q"));
  const Pickle read = read_whole(path, [&](const std::string& name, uint64_t at) {
    asked = name;
    where = at;
  });
  CHECK(asked == "os.system");
  CHECK(where == 2);
  REQUIRE(read.root().is(PickleKind::kPersistent));
  const PickleValue& call = read.at(read.root().items[0]);
  REQUIRE(call.is(PickleKind::kCall));
  CHECK(read.at(call.items[0]).text == "os.system");
  CHECK(read.at(read.at(call.items[1]).items[0]).text == "x");
}

TEST_CASE("pickles that do not hold together or ask for much are refused at once") {
  const TemporaryFolder folder;
  struct Case {
    std::string name, instructions, expected;
  };
  const std::string ordered = global_op("collections", "OrderedDict");
  const std::vector<Case> cases = {
      {"nothing on the stack", "", "takes a value where there is none"},
      {"a value over", "NN", "leaves 1 values over"},
      {"below a mark", "N(0", "takes a value where there is none"},
      {"no mark", "Nt", "ends a sequence that does not begin"},
      {"items of a number",
       "K\1K\2"
       "a",
       "adds items to what is no list"},
      {"a key alone", "}(Nu", "has a key without a value"},
      {"a call of a number", "K\1)R", "calls what is no function"},
      {"attributes of a number", "K\1}b", "gives attributes to what is no object"},
      {"a name of numbers", "K\1K\1\x93", "a name that is no text"},
      {"a dict of numbers", ordered + "](](Nee\x85R", "makes a dict of what are no pairs"},
      {"an unknown instruction", "\xff", "has the unknown instruction 0xff"},
      {"a long text", "X\xff\xff\xff\xff", "ends in the middle: 4294967295 bytes are to follow"},
      {"a longer text", "\x8d" + std::string(8, '\xff'), "ends in the middle"},
      {"long bytes", "\x96" + std::string(8, '\x7f'), "ends in the middle"},
      {"a long number", "\x8b\xff\xff\xff\xff", "ends in the middle"},
      {"much text", text_op(std::string(80'000'000, 'x')), "more than 64 MB of texts"},
      {"a long name", "c" + std::string(2000, 'x'), "a name of more than"},
      {"a place that is empty", "j\xff\xff\xff\xff", "asks for value 4294967295"},
      {"many values", repeated("N0", 2'000'001), "more than 2000000 values"},
      {"many marks", std::string(3'000'000, '('), "nests too deeply"},
      {"many copies", "N" + std::string(9'000'000, '2'), "piles up too many"},
      {"lists that multiply",
       "](" + repeated("NN\x86", 4000) + "e\x85q\1" + "0" + repeated(ordered + "h\1R0", 4000),
       "more than 8000000 items"},
  };
  for (const Case& c : cases) {
    const std::string path = folder.file(c.name, pickle(c.instructions));
    const auto start = std::chrono::steady_clock::now();
    const std::string problem = problem_of(path);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    INFO(c.name << ": " << problem);
    CHECK(contains(problem, path + ": error: at byte "));
    CHECK(contains(problem, c.expected));
    CHECK(took.count() < 5);  // a tenth of a second where nothing else runs
  }
  // Far places in the memo, and depth, take no more room than others.
  CHECK(problem_of(folder.file("memo", pickle("}r\xff\xff\xff\xff"))) == "");
  CHECK(problem_of(folder.file("deep", pickle(")" + std::string(1'900'000, '\x85')))) == "");
}

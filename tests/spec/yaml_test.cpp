// The strict reader: FAULTS rows of the model file that are about YAML, and what must be accepted.

#include "spec/yaml.h"

#include <sys/stat.h>

#include <chrono>
#include <ctime>

#include "spec_support.h"
#include "support/catch.h"

using namespace cnn;

namespace {

std::string repeated(const std::string& text, int count) {
  std::string result;
  result.reserve(text.size() * static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) result += text;
  return result;
}

// The processor's seconds that a rejection takes are bounded.
void check_rejected(const std::string& text, const std::string& place, const std::string& message,
                    Exit code = Exit::kSpec) {
  const std::clock_t begin = std::clock();
  const Error error = error_of([&] { parse_text(text); });
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  CHECK(seconds < 1.0);
  CHECK(error.code() == code);
  REQUIRE_FALSE(error.diagnostics().empty());
  CHECK(error.diagnostics()[0].place == place);
  INFO(error.what());
  CHECK(contains(error.what(), message));
}

std::string alias_bomb() {
  std::string text = "a: &a [x,x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c <= 'h'; ++c) {
    const std::string before(1, static_cast<char>(c - 1));
    text += std::string(1, c) + ": &" + c + " [" + repeated("*" + before + ",", 10) + "]\n";
  }
  return text;
}

}  // namespace

TEST_CASE("what cannot be read as a model file is an input error") {
  const TemporaryFolder folder;
  const auto code_of = [](const std::string& path) {
    return error_of([&] { load_yaml(path); }).code();
  };
  SECTION("row 1: missing file") { CHECK(code_of(folder.str("none.yaml")) == Exit::kInput); }
  SECTION("row 1: directory") { CHECK(code_of(folder.str(".")) == Exit::kInput); }
  SECTION("row 1: /dev/zero") { CHECK(code_of("/dev/zero") == Exit::kInput); }
  SECTION("row 1: FIFO") {
    REQUIRE(mkfifo(folder.str("pipe").c_str(), 0600) == 0);
    CHECK(code_of(folder.str("pipe")) == Exit::kInput);
  }
  SECTION("row 3: larger than 4 MB") {
    const std::string path = folder.file("large.yaml", std::string(4 * 1024 * 1024 + 1, '#'));
    const Error error = error_of([&] { load_yaml(path); });
    CHECK(error.code() == Exit::kSpec);
    CHECK(contains(error.what(), "4 MB"));
  }
}

TEST_CASE("documents that mean nothing or too much are rejected with their place") {
  SECTION("row 2: empty") { check_rejected("", "test.yaml:1:1", "empty document"); }
  SECTION("row 2: comments") { check_rejected("# a\n# b\n", "test.yaml:1:1", "empty document"); }
  SECTION("row 4: depth 65") {
    const std::string text = repeated("[", 65) + repeated("]", 65);
    check_rejected(text, "test.yaml:1:65", "depth 65 > 64");
  }
  SECTION("row 4: depth 65 in block style") {
    std::string text;
    for (int i = 0; i < 65; ++i) text += repeated(" ", i) + "a:\n";
    check_rejected(text + repeated(" ", 65) + "b: 1\n", "test.yaml:65:65", "depth 65 > 64");
  }
  SECTION("row 4: depth 64 is good") {
    CHECK_NOTHROW(parse_text(repeated("[", 64) + repeated("]", 64)));
  }
  SECTION("row 4: depth by aliases") {
    const std::string forty = repeated("[", 40) + "x" + repeated("]", 40);
    check_rejected("a: &a " + forty + "\nb: " + repeated("[", 30) + "*a" + repeated("]", 30),
                   "test.yaml:2:34", "depth 71 > 64");
  }
  SECTION("row 5: [ x 1e6") {
    check_rejected(repeated("[", 1'000'000), "test.yaml:1:65", "nested too deeply");
  }
  SECTION("row 5: {a: x 3e5") {
    check_rejected(repeated("{a: ", 300'000), "test.yaml:1:257", "nested too deeply");
  }
  SECTION("row 5: - x 2e5") {
    check_rejected(repeated("- ", 200'000), "test.yaml:1:129", "nested too deeply");
  }
  SECTION("row 6: alias cycle") { check_rejected("&a [*a]", "test.yaml:1:5", "alias cycle"); }
  SECTION("row 7: alias bomb") {
    check_rejected(alias_bomb(), "test.yaml:5:26", "expands to more than 100,000 nodes");
  }
  SECTION("row 7: alias bomb of one long text") {
    const std::string text =
        "a: &a " + std::string(1'000'000, 'x') + "\nb: [" + repeated("*a, ", 50'000) + "]";
    check_rejected(text, "test.yaml:2:21", "expands to more than 100,000 nodes");
  }
  SECTION("row 7: too many items on one line") {
    check_rejected("[" + repeated("a,", 2'000'000), "test.yaml:1:200003", "100,000 nodes");
  }
  SECTION("row 9: second document") {
    check_rejected("a: 1\n---\nb: 2\n", "test.yaml:2:1", "second document");
    check_rejected("a: 1\n...\nfoo\n", "test.yaml:3:1", "second document");
  }
}

TEST_CASE("texts that are no YAML are rejected with their place") {
  SECTION("row 10: unterminated quote") {
    check_rejected("a: 1\nb: \"unterminated\n", "test.yaml:2:4", "quote is never closed");
    check_rejected("a: 1\nb: 'it''s\n", "test.yaml:2:4", "quote is never closed");
  }
  SECTION("row 11: tab indentation") {
    check_rejected("a:\n\tb: 1\n", "test.yaml:2:1", "tab in the indentation");
    check_rejected("a:\n  b: 1\n \tc: 2\n", "test.yaml:3:2", "tab in the indentation");
  }
  SECTION("row 11: undefined anchor") {
    check_rejected("a: 1\nb: *q\n", "test.yaml:2:4", "alias without its anchor");
  }
  SECTION("row 12: NUL") { check_rejected(std::string("a: b\0c", 6), "test.yaml:1:5", "NUL byte"); }
  SECTION("row 12: bad UTF-8") {
    check_rejected("a: 1\n\xC3\xBC: \xFFz\n", "test.yaml:2:4", "byte 0xff is not UTF-8");
  }
  SECTION("row 12: UTF-16") {
    check_rejected(std::string("\xFF\xFE\x61\x00", 4), "test.yaml:1:1", "UTF-16");
    check_rejected(std::string("\xFE\xFF\x00\x61", 4), "test.yaml:1:1", "UTF-16");
  }
  SECTION("row 20: control bytes are escaped in the message") {
    const Error error = error_of([] { parse_text("a: \x1b[31m\n"); });
    CHECK(contains(error.what(), "\\x1b"));
    CHECK_FALSE(contains(error.what(), "\x1b"));
  }
  SECTION("unbalanced brackets") {
    check_rejected("a: {b: 1\n", "test.yaml:1:4", "'{' is never closed");
    check_rejected("a: [1\nb: 2\n", "test.yaml:1:4", "'[' is never closed");
    check_rejected("a: [1}\n", "test.yaml:1:6", "'}' where a '[' is open");
    check_rejected("}", "test.yaml:1:1", "never opened");
  }
  SECTION("colons") {
    check_rejected("a: b: c\n", "test.yaml:1:5", "':' where no value can start");
    check_rejected("{kernel:5}", "test.yaml:1:2", "kernel: 5");
    check_rejected("a: 1\nb\n", "test.yaml:2:1", "expected ':' behind 'b'");
  }
  SECTION("keys that are no words") {
    check_rejected("? [a]\n: b\n", "test.yaml:1:3", "a key must be a word");
    check_rejected("~: 1\n", "test.yaml:1:1", "a key must be a word");
  }
  SECTION("an empty item") { check_rejected("[a, , b]", "test.yaml:1:5", "empty item"); }
}

TEST_CASE("a duplicate key is reported with both places") {
  SECTION("row 8: block style") {
    check_rejected("conv: 6\nkernel: 5\nconv: 7\n", "test.yaml:3:1", "duplicate key 'conv'");
    check_rejected("conv: 6\nkernel: 5\nconv: 7\n", "test.yaml:3:1",
                   "the first is at test.yaml:1:1");
  }
  SECTION("row 8: flow style, columns in characters") {
    check_rejected("{\xC3\xBC: 1, \xC3\xB6: 2, \xC3\xBC: 3}", "test.yaml:1:14",
                   "the first is at test.yaml:1:2");
  }
}

TEST_CASE("scalars that look like numbers and are not meant so are rejected") {
  struct Case {
    const char* row;
    const char* text;
    const char* message;
  };
  const Case cases[] = {
      {"row 13: 010", "010", "ambiguous octal '010'"}, {"row 13: -007", "-007", "write 7"},
      {"row 13: 00", "00", "ambiguous octal"},         {"row 14: .nan", ".nan", "finite number"},
      {"row 14: .inf", ".inf", "finite number"},       {"row 14: -.INF", "-.INF", "finite number"},
      {"row 14: 1e400", "1e400", "finite number"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.row) {
      check_rejected("a: [1, " + std::string(c.text) + "]", "test.yaml:1:8", c.message);
      CHECK_NOTHROW(parse_text("a: \"" + std::string(c.text) + "\""));
    }
  }
}

TEST_CASE("an integer is due and something else stands there") {
  struct Case {
    const char* row;
    const char* text;
  };
  const Case cases[] = {{"row 15: 64abc", "64abc"},
                        {"row 15: 3.7", "3.7"},
                        {"row 15: 1e20", "1e20"},
                        {"row 15: 2^63", "9223372036854775808"},
                        {"row 15: quoted", "\"5\""}};
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.row) {
      const Node root = parse_text("a: " + std::string(c.text));
      Diagnostics diagnostics;
      CHECK_FALSE(root.find("a")->read_int(diagnostics));
      const Error error = error_of([&] { diagnostics.throw_if_any(); });
      CHECK(error.code() == Exit::kSpec);
      CHECK(contains(error.what(), "test.yaml:1:4: error: expected an integer, found"));
    }
  }
}

TEST_CASE("tags and merge keys are rejected") {
  SECTION("row 17: python object") {
    check_rejected("a: !!python/object:os.system {}\n", "test.yaml:1:4", "tags have no meaning");
  }
  SECTION("row 17: harmless tags") {
    check_rejected("a: !!str 5\n", "test.yaml:1:4", "tags have no meaning");
    check_rejected("a: ! 5\n", "test.yaml:1:4", "tags have no meaning");
    check_rejected("a: !!str ~\n", "test.yaml:1:4", "tags have no meaning");
    check_rejected("a: &x !!str ~\n", "test.yaml:1:7", "tags have no meaning");
  }
  SECTION("row 17: merge key") {
    check_rejected("a: &a {b: 1}\nc: {<<: *a}\n", "test.yaml:2:5", "merge keys");
  }
}

TEST_CASE("an expression that YAML cuts at a comma is explained") {
  check_rejected("{conv: $(max(a, b)), pad: 1}", "test.yaml:1:8", "quote it: \"$(max(a, b))\"");
  check_rejected("[1, $(min(1,2), 3]", "test.yaml:1:5", "'$(' without its ')'");
  CHECK_NOTHROW(parse_text("{conv: \"$(max(a, b))\", pad: 1}"));
  CHECK_NOTHROW(parse_text("conv: $(max(a, b))"));
}

TEST_CASE("several mistakes are reported in one run, up to ten") {
  const Error three = error_of([] { parse_text("a: 010\nb: .nan\na: 1\n"); });
  CHECK(three.diagnostics().size() == 3);
  const Error many = error_of([] { parse_text("[" + repeated("010, ", 30) + "]"); });
  CHECK(many.diagnostics().size() == 10);
}

TEST_CASE("what YAML 1.2 allows is read") {
  const Node root = parse_text(
      "# comment\n"
      "text: plain text # comment\n"
      "no: on\n"
      "quoted: \"a\\tb\"\n"
      "single: 'it''s'\n"
      "block: |\n"
      "  [[ \"not a quote\n"
      "  \tindented\n"
      "folded: >\n"
      "  a\n"
      "  b\n"
      "anchor: &a {x: 1}\n"
      "alias: *a\n"
      "empty:\n"
      "nothing: ~\n"
      "path: a:b\n"
      "flow: {bn, act: relu, list: [1, 2,\n"
      "\t3]}\n"
      "quote in plain: it's [not] a {bracket\n");
  CHECK(root.find("text")->text() == "plain text");
  CHECK(root.find("no")->text() == "on");
  CHECK_FALSE(root.find("no")->as_bool());
  CHECK(root.find("quoted")->text() == "a\tb");
  CHECK(root.find("single")->text() == "it's");
  CHECK(root.find("block")->text() == "[[ \"not a quote\n\tindented\n");
  CHECK(root.find("folded")->text() == "a b\n");
  CHECK(root.find("alias")->find("x")->as_int() == 1);
  CHECK(root.find("alias")->mark().line == 13);
  CHECK(root.find("empty")->is_null());
  CHECK(root.find("empty")->mark().line == 14);
  CHECK(root.find("nothing")->is_null());
  CHECK(root.find("flow")->find("bn")->is_null());
  CHECK(root.find("flow")->find("list")->items().size() == 3);
  CHECK(root.find("quote in plain")->text() == "it's [not] a {bracket");
}

TEST_CASE("Windows line ends and a byte order mark are accepted") {
  const TemporaryFolder folder;
  const std::string path = folder.file("dos.yaml",
                                       "\xEF\xBB\xBF"
                                       "a: 1\r\nb: x\r\n");
  const Node root = load_yaml(path);
  CHECK(root.find("a")->as_int() == 1);
  CHECK(root.find("b")->text() == "x");
  CHECK(root.find("b")->mark().line == 2);
}

TEST_CASE("marks underline what they mean") {
  const Node root = parse_text("layers:\n  - {conv: 6, kernal: 5, name: c1}\n");
  const Entry& kernel = root.find("layers")->items()[0].entries()[1];
  CHECK(kernel.mark.place() == "test.yaml:2:15");
  CHECK(kernel.mark.excerpt("did you mean 'kernel'?") ==
        "      2 |   - {conv: 6, kernal: 5, name: c1}\n"
        "        |               ^~~~~~ did you mean 'kernel'?\n");
}

TEST_CASE("of a long line only the neighbourhood is shown") {
  const Node root = parse_text("a: [" + repeated("1, ", 5000) + "010x]");
  const std::string excerpt = root.find("a")->items().back().mark().excerpt("here");
  CHECK(excerpt.size() < 400);
  CHECK(contains(excerpt, "..."));
  CHECK(contains(excerpt, "010x"));
}

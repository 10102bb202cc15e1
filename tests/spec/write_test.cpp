// to_yaml: what is written reads back as the same tree.

#include <random>

#include "spec/node.h"
#include "spec_support.h"
#include "support/catch.h"

using namespace cnn;

namespace {

class RandomTree {
 public:
  explicit RandomTree(unsigned seed) : random_(seed) {}

  Node make(int level) {
    const unsigned kind = below(level > 0 ? 8 : 5);
    if (kind == 0) return Node();
    if (kind <= 2) return Node::scalar(plain(), {}, false);
    if (kind <= 4) return Node::scalar(text(), {}, true);
    if (kind <= 5) {
      std::vector<Node> items(below(6));
      for (Node& item : items) item = make(level - 1);
      return Node::list(std::move(items));
    }
    Node map = Node::map({});
    for (unsigned i = below(6); i > 0; --i) map.set(text(), make(level - 1));
    return map;
  }

 private:
  unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
  std::string plain() {
    static const char* const kWords[] = {"relu",    "12",  "-3",       "1e-4",        "true",
                                         "$x",      "a b", "$(x + 1)", "images/a.gz", "*.bias*",
                                         "val/acc", "-x",  "a#b",      "it's"};
    std::string word = kWords[below(std::size(kWords))];
    return word[0] == '*' ? word.substr(1) : word;
  }
  std::string text() {
    static const char* const kPieces[] = {"a",    " ",        ":",  ": ", "#", " #", "\"",  "'",
                                          "\\",   "\n",       "\t", ",",  "[", "}",  "-",   "- ",
                                          "\x01", "0",        "1",  "~",  "!", "&",  "*",   "?",
                                          "|",    "\xC3\xBC", "$",  "(",  "%", "@",  "---", "null"};
    std::string result;
    for (unsigned i = below(6); i > 0; --i) result += kPieces[below(std::size(kPieces))];
    return result;
  }

  std::mt19937 random_;
};

}  // namespace

TEST_CASE("random trees survive being written and read") {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    Node tree = Node::map({});
    tree.set("root", RandomTree(seed).make(4));
    const std::string text = to_yaml(tree);
    INFO("seed " << seed << "\n" << text);
    REQUIRE(same_tree(parse_text(text), tree));
  }
}

TEST_CASE("short values stand on one line, long ones in block style") {
  CHECK(to_yaml(Node()) == "~");
  CHECK(to_yaml(Node::scalar("0.5")) == "0.5");
  CHECK(to_yaml(Node::scalar("0.5", {}, true)) == "\"0.5\"");
  CHECK(to_yaml(Node::list({})) == "[]");
  CHECK(to_yaml(Node::map({})) == "{}");
  CHECK(to_yaml(parse_text("a: 1\nb:\n  - x\n")) == "{a: 1, b: [x]}");
  const std::string model =
      "name: lenet5\n"
      "input: {image: [1, 28, 28]}\n"
      "layers:\n"
      "  - {conv: 6, kernel: 5, pad: 2, act: relu, name: c1}\n"
      "  - {maxpool: 2, name: s2}\n"
      "  - flatten\n"
      "  - {linear: $classes, name: out}\n";
  CHECK(to_yaml(parse_text(model)) == model);
}

TEST_CASE("depth 64 can be written and read") {
  const std::string text = std::string(64, '[') + "x" + std::string(64, ']');
  const Node tree = parse_text(text);
  CHECK(same_tree(parse_text(to_yaml(tree)), tree));
}

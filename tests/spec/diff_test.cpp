#include "spec/diff.h"

#include "spec/spec_support.h"
#include "support/catch.h"

using namespace cnn;

namespace {

bool is_join(std::string_view key) { return key == "concat"; }

std::string diff(const std::string& a, const std::string& b) {
  const Node first = parse_text(a), second = parse_text(b);
  return render_differences(diff_specs(first, second, is_join));
}

}  // namespace

TEST_CASE("spelling, order of keys and comments are no differences") {
  CHECK(diff("a: 1e-3\nb: {c: 1, d: [x, y]}", "# text\nb:\n  d: [x, 'y']\n  c: 1\na: 0.001") == "");
  CHECK(diff("layers: [relu, {bn: ~}]", "layers: [{relu: ~}, bn]") == "");
  CHECK(diff("a: true", "a: True") == "");
}

TEST_CASE("differences are listed by key path") {
  CHECK(diff("train: {epochs: 10, seed: 1}", "train: {epochs: 20, seed: 1}") ==
        "train.epochs  10 -> 20\n");
  CHECK(diff("a: 1\nb: {c: 2}", "a: 1\nb: {d: 2}\nlong: [1, 2]") ==
        "b.c   only in the first: 2\n"
        "b.d   only in the second: 2\n"
        "long  only in the second: [1, 2]\n");
  CHECK(diff("input: {image: [3, 8, 8]}", "input: {image: [3, 9, 8]}") ==
        "input.image  [3, 8, 8] -> [3, 9, 8]\n");
  CHECK(diff("a: '5'", "a: 5") == "a  \"5\" -> 5\n");
}

TEST_CASE("an inserted item is one difference, a changed one names itself") {
  const std::string a =
      "layers:\n- {conv: 6, kernel: 5, name: c1}\n- relu\n- {linear: 10, name: out}";
  CHECK(
      diff(a,
           "layers:\n- {conv: 6, kernel: 3, name: c1}\n- bn\n- relu\n- {linear: 10, name: out}") ==
      "layers.0.kernel (c1)  5 -> 3\n"
      "layers.1              only in the second: bn\n");
  CHECK(diff(a, "layers:\n- {conv: 6, kernel: 5, name: c1}\n- {linear: 26, name: out}") ==
        "layers.1               only in the first: relu\n"
        "layers.2.linear (out)  10 -> 26\n");
}

TEST_CASE("the order of branches is the order of channels") {
  CHECK(diff("layers: [{concat: {a: [x], b: [y]}, name: m}]",
             "layers: [{concat: {b: [y], a: [x]}, name: m}]") ==
        "layers.0.concat (m)  order a, b -> b, a\n");
}

TEST_CASE("long lists are compared by position in bounded time") {
  std::string a = "layers: [", b = "layers: [";
  for (int i = 0; i < 3000; ++i) {
    a += "{conv: " + std::to_string(i) + "}, ";
    b += "{conv: " + std::to_string(i + (i == 1500 ? 1 : 0)) + "}, ";
  }
  CHECK(diff(a + "]", b + "]") == "layers.1500.conv  1500 -> 1501\n");
}

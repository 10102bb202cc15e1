#include "spec/expression.h"

#include <map>

#include "spec_support.h"
#include "support/catch.h"

using namespace cnn;

namespace {

class TestScope : public Scope {
 public:
  TestScope() {
    values_["w"] = Node::scalar("64");
    values_["rate"] = Node::scalar("0.5");
    values_["bn"] = Node::scalar("true");
    values_["kind"] = Node::scalar("same");
    values_["digits"] = Node::scalar("12", {}, true);
    values_["list"] = Node::list({Node::scalar("1"), Node::scalar("2")});
    values_["none"] = Node();
    values_["huge"] = Node::scalar("9223372036854775807");
    values_["my-var"] = Node::scalar("3");
  }
  const Node* value(std::string_view name) const override {
    const auto found = values_.find(std::string(name));
    return found == values_.end() ? nullptr : &found->second;
  }
  std::optional<int64_t> axis(std::string_view name, char axis) const override {
    if (name == "in") return axis == 'c' ? 3 : 32;
    if (name == "mix1.aux" && axis == 'c') return 128;
    return std::nullopt;
  }
  std::vector<std::string> names() const override {
    std::vector<std::string> result;
    for (const auto& [name, value] : values_) result.push_back(name);
    return result;
  }

 private:
  std::map<std::string, Node> values_;
};

// The value of `x: TEXT` as YAML, or the first error.
std::string result_of(const std::string& text) {
  try {
    Diagnostics diagnostics;
    const Node root = parse_text("x: " + text + "\n");
    const Node value = evaluate(*root.find("x"), TestScope(), diagnostics);
    diagnostics.throw_if_any();
    return to_yaml(value);
  } catch (const Error& e) {
    return e.what();
  }
}

}  // namespace

TEST_CASE("expressions have the values that the rules give them") {
  struct Case {
    const char* text;
    const char* value;
  };
  const Case cases[] = {
      {"$w", "64"},
      {"$my-var", "3"},
      {"$(w)", "64"},
      {"$(2*w + 1)", "129"},
      {"$(2 + 3 * 4)", "14"},
      {"$((2 + 3) * 4)", "20"},
      {"$(10 - 3 - 2)", "5"},
      {"$(-w)", "-64"},
      {"$(2 - -3)", "5"},
      {"$(--3)", "3"},
      // `/` stays whole when exact
      {"$(w / 2)", "32"},
      {"$(w / 3 * 3)", "64.0"},
      {"$(7 / 2)", "3.5"},
      {"$(7 // 2)", "3"},
      {"$(-7 // 2)", "-4"},
      {"$(7 // -2)", "-4"},
      {"$(-7 % 3)", "2"},
      {"$(7 % -3)", "-2"},
      {"$(-7.5 // 2)", "-4.0"},
      {"$(-7.5 % 2)", "0.5"},
      {"$(w * rate)", "32.0"},
      {"$(1e-4 * 10)", "0.001"},
      {"$(.5 + 5.)", "5.5"},
      {"$(0x10 + 1)", "17"},
      {"$(huge - 1)", "9223372036854775806"},
      {"$(-huge - 1)", "-9223372036854775808"},
      {"$((-huge - 1) % -1)", "0"},
      // comparisons and logic
      {"$(w == 64.0)", "true"},
      {"$(w != 64)", "false"},
      {"$(w < 64.5)", "true"},
      {"$(huge > 9223372036854775806.0)", "false"},
      {"$(kind == 'same')", "true"},
      {"$(kind != \"valid\")", "true"},
      {"$(digits == '12')", "true"},
      {"$(bn == true)", "true"},
      {"$(bn and w > 10)", "true"},
      {"$(not bn or w > 10)", "true"},
      {"$(not (bn and false))", "true"},
      {"$(true or false and false)", "true"},
      // what is skipped is not looked up
      {"$(true or missing)", "true"},
      {"$(false and 1 // 0 == 1)", "false"},
      {"$(bn or in.x == 1)", "true"},
      // functions
      {"$(max(1, w, 3))", "64"},
      {"\"$(min(w, 3.5))\"", "3.5"},
      {"$(abs(-3))", "3"},
      {"$(abs(-0.5))", "0.5"},
      {"$(floor(-1.5))", "-2"},
      {"$(ceil(w / 3))", "22"},
      {"$(round(2.5))", "3"},
      {"$(floor(w))", "64"},
      // volumes
      {"$(in.c)", "3"},
      {"$in.h", "32"},
      {"$(in.c != 64)", "true"},
      {"$(mix1.aux.c)", "128"},
      // results that are no numbers
      {"$('a b')", "\"a b\""},
      {"$list", "[1, 2]"},
      {"$none", "~"},
      {"[$w, {a: $(w + 1)}]", "[64, {a: 65}]"},
      // no expressions
      {"\"$w\"", "\"$w\""},
      {"a$w", "a$w"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK(result_of(c.text) == c.value);
  }
}

TEST_CASE("mistakes in expressions are located within the scalar") {
  struct Case {
    const char* text;
    int column;
    const char* message;
  };
  const Case cases[] = {
      {"$width", 5, "unknown name 'width'"},
      {"$(2 * wd)", 10, "did you mean 'w'?"},
      {"$(rats + 1)", 6, "did you mean 'rate'?"},
      {"\"$(2 * wd)\"", 11, "unknown name 'wd'"},
      {"$(huge + 1)", 11, "integer overflow: 9223372036854775807 + 1"},
      {"$(-huge - 2)", 12, "integer overflow"},
      {"$(huge * 2)", 11, "integer overflow"},
      {"$((-huge - 1) // -1)", 18, "integer overflow"},
      {"$(abs(-huge - 1))", 6, "integer overflow"},
      {"$(1 / 0)", 8, "division by zero"},
      {"$(1 // 0)", 8, "division by zero"},
      {"$(1 % 0.0)", 8, "division by zero"},
      {"$(1e308 * 10)", 12, "no finite number"},
      {"$(floor(1e300))", 6, "beyond 64 bits"},
      {"$((w + 1)", 4, "'$(' without its ')'"},
      {"$(w", 4, "'$(' without its ')'"},
      {"$(w))", 8, "text behind the expression"},
      {"$(w) + 1", 9, "text behind the expression"},
      {"$(w 2)", 8, "expected an operator or ')', found '2'"},
      {"$(w +)", 9, "expected a value, found ')'"},
      {"$()", 6, "expected a value, found ')'"},
      {"$", 4, "expected '$name' or '$(expression)'"},
      {"$(x == '(')", 6, "unknown name 'x'"},
      {"$w + 1", 4, "write $(w + 1)"},
      {"$(w = 1)", 8, "write '==' to compare"},
      {"$(w & 1)", 8, "unexpected '&'"},
      {"$(1 < w < 3)", 12, "comparisons do not chain"},
      {"$(w and bn)", 8, "expected true or false, found 64"},
      {"$(not w)", 6, "expected true or false, found 64"},
      {"$(bn + 1)", 9, "'+' needs numbers, found true"},
      {"$(kind < 'a')", 11, "texts compare with == and != only"},
      {"$(kind == 1)", 11, "cannot compare"},
      {"$(list == 1)", 11, "cannot compare"},
      {"$(list)", 4, "found a list"},
      {"$(none + 1)", 11, "found nothing"},
      {"$(sqrt(2))", 6, "functions: min, max"},
      {"$(flor(2.5))", 6, "did you mean 'floor'?"},
      {"$(abs(1, 2))", 6, "takes one value, found 2"},
      {"$(max())", 6, "takes one value or more, found 0"},
      {"$(in)", 6, "write in.c, in.h or in.w"},
      {"$(in.d)", 6, "a volume has .c, .h and .w"},
      {"$(late.c)", 6, "no value 'late.c' here"},
      {"$(64abc)", 6, "'64abc' is no number"},
      {"$(010)", 6, "ambiguous octal"},
      {"$(1..2)", 6, "'1..2' is no number"},
      {"\"$('abc)\"", 7, "quote is never closed"},
  };
  for (const Case& c : cases) {
    const std::string result = result_of(c.text);
    INFO(c.text << "\n" << result);
    CHECK(contains(result, "test.yaml:1:" + std::to_string(c.column) + ": error:"));
    CHECK(contains(result, c.message));
  }
}

TEST_CASE("deep and long expressions are bounded") {
  const std::string deep = "$" + std::string(100'000, '(') + "1" + std::string(100'000, ')');
  CHECK(contains(result_of(deep), "nested too deeply: depth 65 > 64"));
  CHECK(contains(result_of("$(" + std::string(100'000, '-') + "1)"), "nested too deeply"));
  std::string nots;
  for (int i = 0; i < 1000; ++i) nots += "not ";
  CHECK(contains(result_of("$(" + nots + "true)"), "nested too deeply"));
  std::string sum = "$(0";
  for (int i = 0; i < 10'000; ++i) sum += " + 1";
  CHECK(result_of(sum + ")") == "10000");
}

TEST_CASE("lists that multiply through variables are bounded") {
  Node vars = Node::map({});
  vars.set("a", Node::list(std::vector<Node>(10, Node::scalar("1"))));
  Diagnostics diagnostics;
  for (char name = 'b'; name <= 'h'; ++name) {
    const std::string before = "$" + std::string(1, static_cast<char>(name - 1));
    const Node list = Node::list(std::vector<Node>(10, Node::scalar(before)));
    vars.set(std::string(1, name), evaluate(list, VariableScope(vars), diagnostics));
    if (!diagnostics.empty()) break;
  }
  const Error error = error_of([&] { diagnostics.throw_if_any(); });
  CHECK(contains(error.what(), "more than 100,000 nodes"));
}

TEST_CASE("variables cannot nest lists without end") {
  Node vars = Node::map({});
  vars.set("v0", Node::scalar("1"));
  Diagnostics diagnostics;
  for (int i = 1; i < 1000 && diagnostics.empty(); ++i) {
    const Node list = Node::list({Node::scalar("$v" + std::to_string(i - 1))});
    vars.set("v" + std::to_string(i), evaluate(list, VariableScope(vars), diagnostics));
  }
  const Error error = error_of([&] { diagnostics.throw_if_any(); });
  CHECK(contains(error.what(), "nested too deeply: depth 65 > 64"));
}

TEST_CASE("a condition is true or false") {
  const auto condition = [](const std::string& text) -> std::string {
    try {
      Diagnostics diagnostics;
      const Node root = parse_text("if: " + text);
      const auto value = evaluate_condition(*root.find("if"), TestScope(), diagnostics);
      diagnostics.throw_if_any();
      return value ? (*value ? "yes" : "no") : "nothing";
    } catch (const Error& e) {
      return e.what();
    }
  };
  CHECK(condition("true") == "yes");
  CHECK(condition("$bn") == "yes");
  CHECK(condition("$(in.c == 64)") == "no");
  CHECK(contains(condition("$w"), "test.yaml:1:5: error: expected true or false, found '64'"));
  CHECK(contains(condition("$none"), "expected true or false"));
  CHECK(contains(condition("yes"), "expected true or false, found 'yes'"));
  const std::string unknown = condition("$(missing)");
  CHECK(contains(unknown, "unknown name"));
  CHECK_FALSE(contains(unknown, "expected true"));
}

TEST_CASE("a value keeps the place of its expression") {
  const Node root = parse_text("a: 1\nb: $(1 + 1)\nc: $list\n");
  Diagnostics diagnostics;
  const Node value = evaluate(root, TestScope(), diagnostics);
  CHECK(value.find("b")->mark().place() == "test.yaml:2:4");
  CHECK(value.find("c")->mark().place() == "test.yaml:3:4");
}

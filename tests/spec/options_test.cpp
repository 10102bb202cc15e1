#include "spec/options.h"

#include "spec_support.h"
#include "support/catch.h"

using namespace cnn;

namespace {

enum class Fit { kFloor, kCeil, kExact };

struct Things {
  int64_t out = 0;
  int groups = 1;
  double momentum = 0;
  float slope = 0.1f;
  bool bias = true;
  std::string mode = "same";
  std::vector<int64_t> sizes = {1, 2};
  std::optional<int64_t> seed;
  Node any;
  Fit fit = Fit::kFloor;
  std::string skip;
  Options options;

  Things() {
    options("out", out, "number of channels")
        .primary()
        .required()
        .at_least(1)
        .aliases({"num_output", "filters"});
    options("groups", groups, "groups of channels").at_least(1).aliases({"group"});
    options("momentum", momentum, "momentum").between(0, 1);
    options("slope", slope, "slope");
    options("bias", bias, "add an offset").aliases({"use_bias"});
    options("mode", mode, "a word");
    options("sizes", sizes, "sizes").at_least(1);
    options("seed", seed, "seed");
    options("any", any, "anything");
    options.choice<Fit>("fit", fit,
                        {{"floor", Fit::kFloor}, {"ceil", Fit::kCeil}, {"exact", Fit::kExact}},
                        "what happens at the border");
    options.reference("skip", skip, "another layer");
  }

  // The errors of reading an item, or nothing.
  std::string read(const std::string& text) {
    Diagnostics diagnostics;
    const bool good =
        options.read_op(parse_text(text), "conv", "layer 'conv'", diagnostics, {"act"});
    CHECK(good == diagnostics.empty());
    return error_of([&] { diagnostics.throw_if_any(); }).what();
  }
};

}  // namespace

TEST_CASE("an op's options are read from its map") {
  Things t;
  CHECK(t.read("{conv: 6, groups: 2, momentum: 9e-1, slope: 1, bias: false, mode: 12, "
               "sizes: [3], seed: 7, any: {x: [1]}, fit: exact, skip: enc1, act: relu}") == "");
  CHECK(t.out == 6);
  CHECK(t.groups == 2);
  CHECK(t.momentum == 0.9);
  CHECK(t.slope == 1.0f);
  CHECK_FALSE(t.bias);
  CHECK(t.mode == "12");
  CHECK(t.sizes == std::vector<int64_t>{3});
  CHECK(t.seed == 7);
  CHECK(to_yaml(t.any) == "{x: [1]}");
  CHECK(t.fit == Fit::kExact);
  CHECK(t.skip == "enc1");
}

TEST_CASE("the primary option may be given by its name") {
  Things t;
  CHECK(t.read("{conv: ~, out: 6}") == "");
  CHECK(t.out == 6);
  CHECK(contains(t.read("{conv: 6, out: 7}"), "'out' is given twice for layer 'conv'"));
}

TEST_CASE("mistakes in options are located and helpful") {
  struct Case {
    const char* text;
    const char* place;
    const char* message;
  };
  const Case cases[] = {
      {"{conv: 6, gruops: 2}", "test.yaml:1:11", "did you mean 'groups'?"},
      {"{conv: 6, use_bias: true}", "test.yaml:1:11", "it is called 'bias' here"},
      {"{conv: ~, filters: 6}", "test.yaml:1:11", "write it as 'conv: 6'"},
      {"{conv: 6, zzz: 2}", "test.yaml:1:11", "unknown key 'zzz' for layer 'conv'"},
      {"{conv: ~}", "test.yaml:1:2", "layer 'conv' needs 'out'"},
      {"conv", "test.yaml:1:1", "layer 'conv' needs 'out'"},
      {"{conv: 0}", "test.yaml:1:8", "'out' must be at least 1, found '0'"},
      {"{conv: 6, momentum: 1.5}", "test.yaml:1:21", "must be from 0 to 1, found '1.5'"},
      {"{conv: 6, sizes: [1, 0]}", "test.yaml:1:22", "must be at least 1"},
      {"{conv: 6, sizes: 1}", "test.yaml:1:18", "expected a list of integers, found '1'"},
      {"{conv: 64abc}", "test.yaml:1:8", "expected an integer, found '64abc'"},
      {"{conv: 3.0}", "test.yaml:1:8", "expected an integer, found '3.0'"},
      {"{conv: 6, groups: 3000000000}", "test.yaml:1:19", "expected an integer from -2147483648"},
      {"{conv: 6, slope: 1e39}", "test.yaml:1:18", "too large for a 32-bit number"},
      {"{conv: 6, bias: 1}", "test.yaml:1:17", "expected true or false, found '1'"},
      {"{conv: 6, bias: no}", "test.yaml:1:17", "expected true or false, found 'no'"},
      {"{conv: 6, mode: [a]}", "test.yaml:1:17", "expected a word, found a list"},
      {"{conv: 6, fit: round}", "test.yaml:1:16", "allowed here: floor, ceil, exact"},
      {"{conv: 6, fit: cell}", "test.yaml:1:16", "did you mean 'ceil'?"},
  };
  for (const Case& c : cases) {
    Things t;
    const std::string error = t.read(c.text);
    INFO(c.text << "\n" << error);
    CHECK(contains(error, std::string(c.place) + ": error: "));
    CHECK(contains(error, c.message));
  }
}

TEST_CASE("the table knows types, defaults and what has changed") {
  Things t;
  CHECK(t.options.primary()->name == "out");
  CHECK(t.options.find("out")->default_text == "");
  CHECK(t.options.find("slope")->default_text == "0.1");
  CHECK(t.options.find("sizes")->default_text == "[1, 2]");
  CHECK(t.options.find("seed")->default_text == "");
  CHECK(t.options.find("fit")->default_text == "floor");
  CHECK(t.options.find("fit")->type == "floor, ceil or exact");
  CHECK(t.options.find("skip")->is_reference);
  CHECK(t.options.find("sizes")->type == "list of integers");
  t.out = 3;
  t.fit = Fit::kCeil;
  t.mode = "true";
  CHECK(to_yaml(t.options.write()) == "{out: 3, mode: \"true\", fit: ceil}");
}

TEST_CASE("the table tells tools what an option takes") {
  using Kind = OptionSchema::Kind;
  Things t;
  const auto schema = [&](const char* name) -> const OptionSchema& {
    return t.options.find(name)->schema;
  };
  CHECK(schema("out").kind == Kind::kInteger);
  CHECK(schema("slope").kind == Kind::kNumber);
  CHECK(schema("bias").kind == Kind::kBoolean);
  CHECK(schema("mode").kind == Kind::kText);
  CHECK(schema("seed").kind == Kind::kInteger);
  CHECK(schema("any").kind == Kind::kAny);
  CHECK(schema("skip").kind == Kind::kText);
  REQUIRE(schema("sizes").kind == Kind::kList);
  CHECK(schema("sizes").parts.at(0).kind == Kind::kInteger);
  REQUIRE(schema("fit").kind == Kind::kWords);
  CHECK(schema("fit").words == std::vector<std::string>{"floor", "ceil", "exact"});
}

TEST_CASE("an op without a value of its own refuses one") {
  bool flag = false;
  Options options;
  options("flag", flag, "a flag");
  Diagnostics diagnostics;
  CHECK_FALSE(options.read_op(parse_text("{gap: 3}"), "gap", "layer 'gap'", diagnostics));
  const Error error = error_of([&] { diagnostics.throw_if_any(); });
  CHECK(contains(error.what(), "layer 'gap' takes no value of its own, found '3'"));
}

TEST_CASE("the op of a map is found, or what looks like it is blamed") {
  const std::vector<std::string> ops = {"sgd", "adam"};
  const auto op = [&](const std::string& text) -> std::string {
    Diagnostics diagnostics;
    const auto found = op_of(parse_text(text), ops, "optimizer", diagnostics);
    return found ? found->name : error_of([&] { diagnostics.throw_if_any(); }).what();
  };
  CHECK(op("sgd") == "sgd");
  CHECK(op("{momentum: 0.9, adam: 0.1}") == "adam");
  CHECK(contains(op("{momentum: 0.9, adma: 0.1}"), "unknown optimizer 'adma'"));
  CHECK(contains(op("{momentum: 0.9, adma: 0.1}"), "did you mean 'adam'?"));
  CHECK(contains(op("{sgd: 1, adam: 1}"), "'adam' beside 'sgd'"));
  CHECK(contains(op("[sgd]"), "expected the optimizer, found a list"));
}

TEST_CASE("the same mistake at the same place counts once, the eleventh throws") {
  const Node root = parse_text("a: 1");
  Diagnostics diagnostics;
  for (int i = 0; i < 20; ++i) diagnostics.report(root.mark(), "one");
  CHECK(diagnostics.size() == 1);
  const auto report_many = [&] {
    for (int i = 0; i < 20; ++i) diagnostics.report(root.mark(), "problem " + std::to_string(i));
  };
  CHECK(error_of(report_many).diagnostics().size() == 10);
}

TEST_CASE("notes tell where a mistake is called from, innermost first") {
  const Node root = parse_text("a: 1");
  Diagnostics diagnostics;
  {
    const Diagnostics::Within outer(diagnostics, "in block 'up'");
    const Diagnostics::Within inner(diagnostics, "in block 'double'");
    diagnostics.report(root.mark(), "wrong", "", {"own note"});
  }
  diagnostics.report(root.find("a")->mark(), "also wrong");
  const Error error = error_of([&] { diagnostics.throw_if_any(); });
  CHECK(error.diagnostics()[0].notes ==
        std::vector<std::string>{"own note", "in block 'double'", "in block 'up'"});
  CHECK(error.diagnostics()[1].notes.empty());
  CHECK(error.code() == Exit::kSpec);
}

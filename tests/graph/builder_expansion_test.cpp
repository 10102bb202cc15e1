// Repetition, dropping, weight keys, edits, defaults and settings: rules 6, 7 and 9 to 11.
#include "base/text.h"
#include "graph/builder_support.h"

namespace cnn {
namespace {

using Names = std::vector<std::string>;

std::string model(const std::string& layers, const std::string& rest = "") {
  return "input: {image: [4, 8, 8]}\n" + rest + "layers:\n" + layers;
}

}  // namespace

TEST_CASE("multipliers may be of each parameter by name") {
  const Built built(R"(
input: {image: [2, 4, 4]}
defaults: {linear: {lr_mult: {bias: 4}}}
layers:
  - {conv: 3, kernel: 1, name: a, lr_mult: {weight: 1, bias: 2}, decay_mult: {bias: 0}}
  - {seq: [{bn, name: n}, {conv: 3, kernel: 1, bias: false, name: c}], name: s, lr_mult: {bias: 5}}
  - flatten
  - {linear: 2, name: f}
)");
  CHECK(built.parameter("a.weight").lr_mult == 1);
  CHECK(built.parameter("a.bias").lr_mult == 2);
  CHECK(built.parameter("a.weight").decay() == 1);
  CHECK(built.parameter("a.bias").decay() == 0);
  CHECK(built.parameter("s.n.bias").lr_mult == 5);
  CHECK(built.parameter("s.n.weight").lr_mult == 1);
  CHECK(built.parameter("s.c.weight").lr_mult == 1);
  CHECK(built.parameter("f.bias").lr_mult == 4);
  CHECK(built.parameter("f.weight").lr_mult == 1);
}

TEST_CASE("a filter set by hand smooths, the same in every channel") {
  Built built(R"(
input: {image: [3, 6, 6]}
layers:
  - conv: 3
    kernel: 3
    groups: 3
    init: {values: [[1, 2, 1], [2, 4, 2], [1, 2, 1]], scale: 0.0625}
    name: smooth
)");
  built.store.allocate(false);
  built.store.initialize(1);
  const std::vector<float> weights = built.store.export_values(built.store.find("smooth.weight"));
  REQUIRE(weights.size() == 27);
  for (size_t i = 0; i < 27; ++i) CHECK(weights[i] == weights[i % 9]);
  CHECK(weights[4] == 0.25F);
  CHECK(weights[1] == 0.125F);
}

TEST_CASE("repeat appends .0 .1, also for one copy, and copies chain") {
  const Built built(model(R"(
  - {conv: 3, kernel: 1, name: x}
  - {conv: $(prev.c + 1), kernel: 1, repeat: 3, name: a}
  - {relu, repeat: 1}
  - {conv: 2, kernel: 1, act: relu, from: x, repeat: 2}
)"));
  CHECK(built.layers() == Names{"x conv", "a.0 conv", "a.1 conv", "a.2 conv", "2.0 relu",
                                "3.0 conv", "3.0.act relu", "3.1 conv", "3.1.act relu"});
  CHECK(built.shape("a") == "[6,8,8]");  // each copy evaluates its own expressions
  CHECK(built.inputs("a.1") == Names{"a.0"});
  CHECK(built.inputs("3.0") == Names{"x"});  // 'from' concerns copy 0 only
  CHECK(built.inputs("3.1") == Names{"3.0.act"});
}

TEST_CASE("the graph knows which blocks were called where and lists are none of them") {
  const Built built(
      model("  - {two: 4, repeat: 2, name: s}\n"
            "  - {seq: [{conv: 2, kernel: 1}, {flat: 3, name: f}], name: q}\n",
            "blocks:\n"
            "  two: {args: {out: ~}, layers: [{conv: $out, kernel: 1}, {conv: $out, kernel: 1}]}\n"
            "  flat: {args: {out: ~}, splice: true, layers: [{conv: $out, kernel: 1}, relu]}\n"));
  using Calls = std::vector<std::pair<std::string, std::string>>;
  const Calls calls = {{"s.0", "two"}, {"s.1", "two"}, {"q.f", "flat"}};
  CHECK(built.graph.blocks == calls);
  CHECK(built.graph.clone().blocks == calls);
}

TEST_CASE("first overrides keys of copy 0, by the op's key or the argument's name") {
  const Built built(model(R"(
  - {conv: 3, kernel: 1, act: relu, repeat: 2, first: {conv: 5, stride: 2, act: ~}}
  - {b: 3, repeat: 2, first: {out: 7}}
)",
                          "blocks: {b: {args: {out: ~}, layers: [{conv: $out, kernel: 1}]}}\n"));
  CHECK(built.layers() ==
        Names{"0.0 conv", "0.1 conv", "0.1.act relu", "1.0.0 conv", "1.1.0 conv"});
  CHECK(built.shape("0.0") == "[5,4,4]");
  CHECK(built.shape("0.1") == "[3,4,4]");
  CHECK(built.shape("1.0") == "[7,4,4]");
  CHECK(built.shape("1.1") == "[3,4,4]");
}

TEST_CASE("copies of a side all start at the same value") {
  const Built built(model("  - relu\n  - {side: [gap], repeat: 2, name: s}\n  - relu\n"));
  CHECK(built.inputs("s.0.0") == Names{"0"});
  CHECK(built.inputs("s.1.0") == Names{"0"});
  CHECK(built.inputs("2") == Names{"0"});
}

TEST_CASE("a dropped item takes no number and its name stands for its input") {
  const Built built(model(R"(
  - {conv: 3, kernel: 1, name: a}
  - {relu, if: $on}
  - {conv: 5, kernel: 1, name: b, if: $on}
  - {conv: 5, kernel: 1, name: c, from: in, if: $on}
  - {add: [a, prev], name: d, if: $on}
  - {concat: [in, [relu]], name: e, if: $on}
  - {conv: 5, kernel: 1, name: f, repeat: 0}
  - {add, from: [in, a], name: g, if: $on}
  - {relu, from: b}
  - {relu, from: c}
  - {relu, from: d}
  - {relu, from: e}
  - {relu, from: f}
  - {relu, from: g}
)",
                          "vars: {on: false}\n"));
  CHECK(built.layers() ==
        Names{"a conv", "1 relu", "2 relu", "3 relu", "4 relu", "5 relu", "6 relu"});
  CHECK(built.inputs("1") == Names{"a"});
  CHECK(built.inputs("2") == Names{"image"});
  CHECK(built.inputs("3") == Names{"a"});
  CHECK(built.inputs("4") == Names{"image"});
  CHECK(built.inputs("5") == Names{"a"});
  CHECK(built.inputs("6") == Names{"image"});
}

TEST_CASE("what is dropped is not looked into") {
  CHECK(errors_of(model("  - {conv: $(1 / 0), kernal: 3, from: nowhere, if: false}\n"
                        "  - {add: [[{conv: $(1 / 0)}], nowhere], name: x, if: false}\n"
                        "  - {relu, from: x}\n")) == "");
}

TEST_CASE("of two alternatives with one name the one that is there has it") {
  for (const std::string on : {"true", "false"}) {
    const Built built(model(R"(
  - {conv: 3, kernel: 1, name: a, if: $on}
  - {conv: 5, kernel: 1, name: a, if: $(not on)}
  - {relu, from: a}
)",
                            "vars: {on: " + on + "}\n"));
    CHECK(built.shape("1") == (on == "true" ? "[3,8,8]" : "[5,8,8]"));
  }
}

TEST_CASE("an item of one phase keeps its number in the other") {
  const std::string text = model(R"(
  - {relu, phase: train}
  - {conv: 3, kernel: 1}
  - {side: [{conv: 2, kernel: 1, name: x}], phase: train, name: s}
  - {softmax, phase: test}
  - {conv: 3, kernel: 1}
)");
  CHECK(Built(text).layers() == Names{"0 relu", "1 conv", "s.x conv", "4 conv"});
  CHECK(Built(text, Phase::kTest).layers() == Names{"1 conv", "3 softmax", "4 conv"});
}

TEST_CASE("an item of training only must not change the shapes behind it") {
  const ModelSpec spec =
      spec_of(model("  - {maxpool: 2, phase: train}\n  - flatten\n"
                    "  - {linear: 2, name: fc}\n"));
  ParameterStore store;
  build_graph(spec, Phase::kTrain, store);
  try {
    build_graph(spec, Phase::kTest, store);
    FAIL("built");
  } catch (const Error& error) {
    CHECK(contains(error.what(), "'fc.weight' is [2,64] in training and [2,256] in testing"));
  }
}

TEST_CASE("numbers count the named items too, and structures are levels without names") {
  const Built built(model(R"(
  - {conv: 3, kernel: 1, name: a}
  - seq: [{conv: 3, kernel: 1}, {conv: 3, kernel: 1, name: b}, {conv: 3, kernel: 1}]
  - {side: [{conv: 3, kernel: 1}]}
  - {c: 3}
  - {add: [[{conv: 3, kernel: 1, name: d}], prev]}
  - {conv: 3, kernel: 1}
)",
                          "blocks: {c: {args: {out: ~}, layers: [{conv: $out, kernel: 1}]}}\n"));
  Names weights;
  for (const std::string& line : built.weights()) {
    if (contains(line, "weight")) weights.push_back(line.substr(0, line.find(' ')));
  }
  CHECK(weights == Names{"a.weight", "1.0.weight", "1.b.weight", "1.2.weight", "2.0.weight",
                         "3.0.weight", "d.weight", "5.weight"});
}

TEST_CASE("edit patches items by path, after blocks expand and before repeat") {
  const std::string text = model(R"(
  - {conv: 4, kernel: 1, act: relu, name: c1}
  - {maxpool: 2, name: p}
  - {b: 8, repeat: 2, name: layer1}
  - {dropout: 0.5, name: drop}
  - {concat: {x: [{conv: 2, kernel: 1}, bn], y: []}, name: mix}
  - seq: [relu, gap, {linear: 5}]
    name: head
    from: drop
)",
                                 R"(
blocks:
  b: {args: {out: ~}, layers: [{conv: $out, kernel: 3, pad: 1, name: conv1}, {bn, act: relu}]}
)");
  SECTION("values merge") {
    const Built built(text + "edit: {c1: {conv: 6, bias: false}, layer1: {repeat: 3}}\n");
    CHECK(built.weights()[0] == "c1.weight [6,4,1,1]");
    CHECK(built.weights()[1] == "layer1.0.conv1.weight [8,6,3,3]");
    CHECK(built.meaning("layer1") == "layer1.2.1.act");
  }
  SECTION("one copy alone") {
    const Built built(text + "edit: {layer1.0.conv1: {kernel: 5, pad: 2}, layer1: {out: 7}}\n");
    CHECK(built.parameter("layer1.0.conv1.weight").request.shape == Shape{7, 4, 5, 5});
    CHECK(built.parameter("layer1.1.conv1.weight").request.shape == Shape{7, 7, 3, 3});
  }
  SECTION("another op replaces all but the common keys") {
    const Built built(text + "edit: {c1: {maxpool: 2}, p: {avgpool: 2, stride: 1}}\n");
    CHECK(built.layers()[0] == "c1 maxpool");
    CHECK(built.layers()[1] == "c1.act relu");
    CHECK(built.layers()[2] == "p avgpool");
    CHECK(built.shape("p") == "[4,3,3]");
  }
  SECTION("a bare op") {
    const Built built(text + "edit: {layer1.1.1: sigmoid, head.0: tanh}\n");
    CHECK(built.layers()[6] == "layer1.1.conv1 conv");
    CHECK(built.layers()[7] == "layer1.1.1 sigmoid");
    CHECK(built.layers()[8] == "layer1.1.1.act relu");
    CHECK(contains(fmt::format("{}", join(built.layers(), " ")), "head.0 tanh"));
  }
  SECTION("~ deletes an item, or a key") {
    const Built built(text + "edit: {drop: ~, c1: {act: ~}, head.0: ~}\n");
    CHECK(built.layers()[1] == "p maxpool");
    CHECK(built.layers().back() == "head.1 linear");
    CHECK(built.meaning("drop") == "layer1.1.1.act");
  }
  SECTION("a branch is an item too") {
    const Built built(text + "edit: {mix.x: sigmoid}\n");
    CHECK(built.node("mix.x").type->name == std::string("sigmoid"));
    CHECK(built.shape("mix") == "[16,4,4]");
  }
  SECTION("an item with inputs") {
    const Built built(text + "edit: {mix: {add: [prev, p]}, layer1: ~}\n");
    CHECK(built.inputs("mix") == Names{"drop", "p"});
  }
}

TEST_CASE("an edit finds the alternative that is there") {
  for (const std::string on : {"true", "false"}) {
    const Built built(model(R"(
  - {conv: 3, kernel: 1, name: a, if: $on}
  - {conv: 5, kernel: 1, name: a, if: $(not on)}
  - {relu, name: b, if: $on}
)",
                            "vars: {on: " + on + "}\nedit: {a: {conv: 7}, b: tanh}\n"));
    CHECK(built.shape("a") == "[7,8,8]");
  }
}

TEST_CASE("the command line edits by path, with each name a level of its own") {
  const Built built(model("  - {b: 8, repeat: 2, name: layer1}\n  - relu\n",
                          "blocks: {b: {args: {out: ~}, layers: "
                          "[{conv: $out, kernel: 3, pad: 1, name: conv1}]}}\n"),
                    Phase::kTrain,
                    {"edit.layer1.0.conv1.kernel=5", "edit.layer1.0.conv1.pad=2",
                     "edit.layer1.1.conv1=relu", "edit.1=sigmoid"});
  CHECK(built.layers() == Names{"layer1.0.conv1 conv", "layer1.1.conv1 relu", "1 sigmoid"});
  CHECK(built.parameter("layer1.0.conv1.weight").request.shape == Shape{8, 4, 5, 5});
}

TEST_CASE("an edit of what exists in training only is no mistake in testing") {
  const std::string text = model(R"(
  - {conv: 4, kernel: 1, name: c1}
  - {side: [{conv: 4, kernel: 1, name: x}], name: aux, phase: train}
)",
                                 "edit: {aux.x: {conv: 7}}\n");
  CHECK(Built(text).parameter("aux.x.weight").request.shape == Shape{7, 4, 1, 1});
  CHECK(errors_of(text, Phase::kTest) == "");
}

TEST_CASE("defaults apply everywhere: in blocks, to activations, arguments and losses") {
  const Built built(R"(
input: {image: [4, 8, 8]}
defaults:
  conv: {kernel: 3, pad: 1, bias: false, act: leaky_relu}
  leaky_relu: {slope: 0.3}
  b: {out: 6}
  cross_entropy: {smoothing: 0.1}
blocks: {b: {args: {out: ~}, layers: [{conv: $out}]}}
layers:
  - {conv: 3}
  - {conv: 3, act: ~, bias: true}
  - {conv: 3, bias: ~}
  - {b}
  - gap
loss: {cross_entropy: prev, target: label}
)");
  CHECK(built.layers() == Names{"0 conv", "0.act leaky_relu", "1 conv", "2 conv",
                                "2.act leaky_relu", "3.0 conv", "3.0.act leaky_relu", "4 gap",
                                "loss.cross_entropy cross_entropy"});
  const auto option = [&](const char* layer, const char* name) {
    Options options;
    built.node(layer).layer->options(options);
    return to_yaml(options.find(name)->write());
  };
  CHECK(option("0.act", "slope") == "0.3");
  CHECK(option("loss.cross_entropy", "smoothing") == "0.1");
  CHECK(built.store.find("0.bias") < 0);
  CHECK(built.store.find("1.bias") >= 0);
  CHECK(built.store.find("2.bias") >= 0);  // `~` takes the default back
}

TEST_CASE("kernels: exact turns winograd off where nothing nearer says otherwise") {
  const std::string layers = R"(
input: {image: [32, 8, 8]}
layers:
  - {conv: 32, kernel: 3, pad: 1}
  - {conv: 32, kernel: 3, pad: 1, exact: false}
  - {conv: 32, kernel: 3, pad: 1, exact: true}
)";
  const auto kernels = [&](const std::string& head) {
    const Built built(head + layers, Phase::kTest);
    Names names;
    for (const GraphNode& node : built.graph.nodes) {
      const bool fast = node.plan.kernel.find("winograd") != std::string::npos;
      names.emplace_back(fast ? "fast" : "exact");
    }
    return names;
  };
  CHECK(kernels("") == Names{"fast", "fast", "exact"});
  CHECK(kernels("kernels: fast") == Names{"fast", "fast", "exact"});
  CHECK(kernels("kernels: exact") == Names{"exact", "fast", "exact"});
  CHECK(kernels("vars: {k: exact}\nkernels: $k") == Names{"exact", "fast", "exact"});
  CHECK(kernels("kernels: exact\ndefaults: {conv: {exact: false}}") ==
        Names{"fast", "fast", "exact"});
  CHECK(errors_of("kernels: strict" + layers).find("1:10: error: 'kernels' is fast or exact") !=
        std::string::npos);
}

TEST_CASE("a default activation of an activation is not applied without end") {
  const Built built(
      model("  - {conv: 3, kernel: 1, act: relu}\n  - relu\n", "defaults: {relu: {act: tanh}}\n"));
  CHECK(built.layers() == Names{"0 conv", "0.act relu", "1 relu", "1.act tanh"});
}

TEST_CASE("settings of parameters: defaults, then the items around, then the item, then rules") {
  const Built built(R"(
input: {image: [4, 8, 8]}
defaults: {conv: {lr_mult: 3, init: {normal: 0.5}}, bn: {decay_mult: 0.25}}
blocks:
  b:
    layers:
      - {conv: 4, kernel: 1, name: c}
      - {conv: 4, kernel: 1, name: d, freeze: false, lr_mult: 5, init: {bias: {constant: 2}}}
      - {bn, name: n, init: {constant: 0.125}}
layers:
  - {conv: 4, kernel: 1, name: a}
  - {b, name: x, freeze: true, init: xavier_normal}
  - {seq: [{conv: 4, kernel: 1}], name: s, lr_mult: 7}
  - {add: [[{conv: 4, kernel: 1, name: p}], {q: [{conv: 4, kernel: 1}]}], lr_mult: 9, init: he_normal}
train:
  params:
    - {match: "x.c.*", lr_mult: 11, freeze: false}
    - {match: "*.c.weight", lr_mult: 13}
)");
  using Kind = Initializer::Kind;
  const Parameter& a = built.parameter("a.weight");
  CHECK(a.lr_mult == 3.0);
  CHECK_FALSE(a.frozen);
  CHECK(a.request.init.kind == Kind::kNormal);
  CHECK(a.request.init.value == 0.5);
  CHECK(built.parameter("a.bias").request.init.kind == Kind::kConstant);
  CHECK(built.parameter("x.c.weight").lr_mult == 13.0);
  CHECK(built.parameter("x.c.bias").lr_mult == 11.0);
  CHECK_FALSE(built.parameter("x.c.weight").frozen);
  CHECK(built.parameter("x.c.weight").request.init.kind == Kind::kXavierNormal);
  CHECK_FALSE(built.parameter("x.d.weight").frozen);
  CHECK(built.parameter("x.d.weight").lr_mult == 5.0);
  CHECK(built.parameter("x.d.weight").request.init.kind == Kind::kXavierNormal);
  CHECK(built.parameter("x.d.bias").request.init.value == 2.0);
  CHECK(built.parameter("x.n.weight").frozen);
  CHECK(built.parameter("x.n.weight").decay_mult == 0.25);
  CHECK(built.parameter("x.n.weight").request.init.value == 0.125);
  CHECK(built.parameter("x.n.bias").request.init.value == 0.0);
  CHECK(built.parameter("s.0.weight").lr_mult == 7.0);
  CHECK(built.parameter("p.weight").lr_mult == 9.0);
  CHECK(built.parameter("q.weight").lr_mult == 9.0);
  CHECK(built.parameter("q.weight").request.init.kind == Kind::kHeNormal);
}

TEST_CASE("a parameter rule for what exists in training only is no mistake in testing") {
  const std::string text = model(R"(
  - {conv: 4, kernel: 1, name: c1}
  - {side: [{conv: 4, kernel: 1, name: x}], name: aux, phase: train}
)",
                                 "train: {params: [{match: 'aux.*', lr_mult: 2}]}\n");
  CHECK(Built(text).parameter("aux.x.weight").lr_mult == 2.0);
  CHECK(errors_of(text, Phase::kTest) == "");
}

}  // namespace cnn

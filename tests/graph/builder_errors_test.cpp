// What the builder says of mistakes: the place, the problem, the remedy (FAULTS A and B).
#include "graph/builder_support.h"

namespace cnn {
namespace {

struct Mistake {
  const char* what;
  const char* layers;                 // lines below `layers:`
  std::vector<const char*> expected;  // parts of the message
  const char* rest = "";              // sections before `layers:`
};

// "layers:" is line 3 at the end of the head, so that the first item stands on line 3.
std::string model(const Mistake& mistake) {
  return "input: {image: [4, 8, 8]}\n" + std::string(mistake.rest) + "layers:\n" + mistake.layers;
}

void check(const std::vector<Mistake>& mistakes) {
  for (const Mistake& mistake : mistakes) {
    CAPTURE(mistake.what);
    const std::string errors = errors_of(model(mistake));
    for (const char* part : mistake.expected) {
      CAPTURE(errors, part);
      CHECK(contains(errors, part));
    }
  }
}

int count_of(const std::string& text, const std::string& part) {
  int count = 0;
  for (size_t i = text.find(part); i != std::string::npos; i = text.find(part, i + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("a picture with its channels last is a warning that writes it right") {
  LogCapture capture;
  spec_of("input:\n  image: [28, 28, 1]\n  other: [64, 48, 3]\nlayers: [relu]\n");
  REQUIRE(capture.lines.size() == 2);
  CHECK(contains(capture.lines[0], "model.yaml:2:10: input 'image' has 28 channels of 28 x 1"));
  CHECK(contains(capture.lines[0], "is [1, 28, 28]"));
  CHECK(contains(capture.lines[1], "is [3, 64, 48]"));
  capture.lines.clear();
  spec_of("input: {a: [64, 128, 1], b: [3, 8, 3], c: [16, 5, 3], d: [28]}\nlayers: [relu]\n");
  CHECK(capture.lines.empty());
}

TEST_CASE("mistakes in items are located and explained") {
  check({
      {"no op", "  - {name: x}\n", {"model.yaml:3:5: error: an item without a layer"}},
      {"a list",
       "  - [relu]\n",
       {"model.yaml:3:5: error: expected an item, found a list", "{seq: "}},
      {"two ops",
       "  - {conv: 3, kernel: 1, relu}\n",
       {"model.yaml:3:26: error: two layers in one item: 'conv' and 'relu'", "'act: relu'"}},
      {"a type key",
       "  - {type: conv, out: 3}\n",
       {"model.yaml:3:6: error: unknown layer 'type'", "{conv: ...}"}},
      {"options inside",
       "  - {conv: {out: 3, kernel: 1}}\n",
       {"model.yaml:3:12: error: the options of layer 'conv' are inside its value"}},
      {"a value that is not taken",
       "  - {relu: 3}\n",
       {"model.yaml:3:12: error: layer 'relu' takes no value, found '3'"}},
      {"a required option",
       "  - {conv, kernel: 1}\n",
       {"model.yaml:3:6: error: layer 'conv' needs 'out'", "write 'conv: ...'"}},
      {"an option twice",
       "  - {conv: 3, kernel: 1, out: 4}\n",
       {"model.yaml:3:26: error: 'out' is given twice for layer 'conv'"}},
      {"a loss among layers",
       "  - {mse: prev, target: y}\n",
       {"model.yaml:3:6: error: 'mse' is a loss", "it belongs under 'loss'"}},
      {"first alone",
       "  - {conv: 3, kernel: 1, first: {stride: 2}}\n",
       {"model.yaml:3:26: error: 'first' without 'repeat'"}},
      {"a name in first",
       "  - {conv: 3, kernel: 1, repeat: 2, first: {name: x}}\n",
       {"model.yaml:3:45: error: 'name' cannot stand in 'first'"}},
      {"another op in first",
       "  - {conv: 3, kernel: 1, repeat: 2, first: {linear: 3}}\n",
       {"model.yaml:3:45: error: two layers in one item"}},
      {"repeat below 0",
       "  - {relu, repeat: -1}\n",
       {"model.yaml:3:20: error: 'repeat' must be at least 0, found -1"}},
      {"repeat of a word",
       "  - {relu, repeat: many}\n",
       {"model.yaml:3:20: error: expected an integer, found 'many'"}},
      {"a phase",
       "  - {relu, phase: val}\n",
       {"model.yaml:3:19: error: expected 'train' or 'test'"}},
      {"a condition that is none",
       "  - {relu, if: 3}\n",
       {"model.yaml:3:16: error: expected true or false"}},
      {"an unknown activation",
       "  - {conv: 3, kernel: 1, act: rleu}\n",
       {"model.yaml:3:31: error: unknown layer 'rleu'", "did you mean 'relu'?"}},
      {"an activation with two inputs",
       "  - {conv: 3, kernel: 1, act: add}\n",
       {"model.yaml:3:31: error: 'add' is no activation"}},
      {"a name in act",
       "  - {conv: 3, kernel: 1, act: {relu: ~, name: x}}\n",
       {"'name' cannot stand in 'act'"}},
      {"seq of a word", "  - {seq: relu}\n", {"'seq' expects a list of items, found 'relu'"}},
      {"values of another shape",
       "  - {conv: 3, kernel: 3, init: {values: [[1, 2], [3, 4]]}}\n",
       {"model.yaml:3:32: error: 'values' of [2,2] do not fit into [3,4,3,3], 'weight'"}},
      {"unknown parameter of a multiplier",
       "  - {conv: 3, kernel: 1, lr_mult: {weight: 1, bais: 2}}\n",
       {"model.yaml:3:47: error: unknown parameter 'bais' in 'lr_mult'", "did you mean 'bias'?"}},
      {"negative multiplier by name",
       "  - {conv: 3, kernel: 1, decay_mult: {bias: -1}}\n",
       {"'decay_mult' must be at least 0, found '-1'"}},
      {"act under another name",
       "  - {conv: 6, kernel: 3, activation: relu}\n",
       {"model.yaml:3:26: error: unknown key 'activation' for layer 'conv'",
        "it is called 'act' here"}},
      {"trainable of a seq",
       "  - {seq: [relu], trainable: false}\n",
       {"unknown key 'trainable' for 'seq'", "write 'freeze: true' for what is not"}},
      {"an option's other name goes first",
       "  - {conv, filters: 6, kernel: 3}\n",
       {"unknown key 'filters' for layer 'conv'", "write it as 'conv: 6'"}},
      {"units",
       "  - {linear, units: 10}\n",
       {"unknown key 'units' for layer 'linear'", "write it as 'linear: 10'"}},
      {"pad: same of a pool",
       "  - {maxpool: 3, stride: 1, pad: same}\n",
       {"expected integer, [h, w] or [d, h, w], found 'same'", "only conv has it"}},
      {"key of a seq",
       "  - {seq: [relu], kernel: 3}\n",
       {"model.yaml:3:19: error: unknown key 'kernel' for 'seq'"}},
      {"init without weights",
       "  - {relu, init: he_normal}\n",
       {"model.yaml:3:18: error: 'init' on a layer without weights"}},
      {"init of a parameter that is none",
       "  - {conv: 3, kernel: 1, init: {weigth: {constant: 1}}}\n",
       {"model.yaml:3:33: error: unknown parameter 'weigth' in 'init'", "did you mean 'weight'?"}},
      {"a multiplier below 0",
       "  - {conv: 3, kernel: 1, lr_mult: -1}\n",
       {"model.yaml:3:35: error: 'lr_mult' must be at least 0"}},
  });
}

TEST_CASE("mistakes in inputs and branches are located and explained") {
  check({
      {"too few",
       "  - {add: prev}\n",
       {"model.yaml:3:5: error: layer 'add' takes at least 2 inputs"}},
      {"an item for a branch",
       "  - {add: [prev, {conv: 4, kernel: 1}]}\n",
       {"model.yaml:3:18: error: an item where a branch is due: 'conv'", "[{conv: 8}]"}},
      {"an empty branch", "  - {add: {a: ~, b: []}}\n", {"branch 'a' expects a list of items"}},
      {"several for one",
       "  - {relu, name: a}\n  - {relu, from: [a, a]}\n",
       {"model.yaml:4:18: error: layer 'relu' takes one input, found a list"}},
      {"an op for a name",
       "  - {add: [prev, relu]}\n",
       {"model.yaml:3:18: error: unknown name 'relu'"}},
      {"same name in two branches",
       "  - {add: [[{relu, name: a}], [{relu, name: a}]]}\n",
       {"model.yaml:3:45: error: the name 'a' is used twice", "first used at model.yaml:3:26"}},
      {"a name of the block's outside",
       "  - {relu, name: y}\n  - b\n",
       {"model.yaml:2:36: error: unknown name 'y' in 'from'",
        "note: block 'b' sees its own items and arguments only",
        "note: in block 'b', called at model.yaml:5:5"},
       "blocks: {b: {layers: [{relu, from: y}]}}\n"},
  });
}

TEST_CASE("mistakes in blocks and their calls are located and explained") {
  const char* const blocks = "blocks: {up: {args: {out: ~, skip: ~}, layers: [relu]}}\n";
  check({
      {"missing",
       "  - {up: 16}\n",
       {"model.yaml:4:6: error: block 'up' needs 'skip'", "add 'skip: ...'"},
       blocks},
      {"too many",
       "  - {up: [1, 2, 3]}\n",
       {"model.yaml:4:10: error: block 'up' takes 2 arguments, found 3",
        "in this order: out, skip"},
       blocks},
      {"unknown",
       "  - {up: [1, 2], skp: 3}\n",
       {"model.yaml:4:18: error: unknown key 'skp' for block 'up'", "did you mean 'skip'?"},
       blocks},
      {"twice",
       "  - {up: [1, 2], skip: 3}\n",
       {"model.yaml:4:18: error: 'skip' is given twice for block 'up'"},
       blocks},
      {"misspelt block", "  - {upp: 16}\n", {"unknown layer 'upp'", "did you mean 'up'?"}, blocks},
      {"a layer's name",
       "  - relu\n",
       {"a block cannot be called 'conv'"},
       "blocks: {conv: {layers: [relu]}}\n"},
      {"a key's name",
       "  - relu\n",
       {"a block cannot be called 'from'"},
       "blocks: {from: {layers: [relu]}}\n"},
      {"a key of a block",
       "  - relu\n",
       {"unknown key 'layer' for block 'b'", "'layers'?"},
       "blocks: {b: {layer: [relu]}}\n"},
      {"no layers",
       "  - relu\n",
       {"block 'b' needs 'layers', a list of items"},
       "blocks: {b: {args: {a: 1}}}\n"},
      {"an argument's name",
       "  - relu\n",
       {"an argument cannot be called 'name'"},
       "blocks: {b: {args: {name: 1}, layers: [relu]}}\n"},
      {"phase of a spliced block",
       "  - {b, phase: train}\n",
       {"'phase' on a block that is spliced in"},
       "blocks: {b: {splice: true, layers: [relu]}}\n"},
      {"act of a spliced block",
       "  - {b, act: relu}\n",
       {"'act' on a block that is spliced in"},
       "blocks: {b: {splice: true, layers: [relu]}}\n"},
  });
}

TEST_CASE("mistakes in defaults, edits and parameter rules are located and explained") {
  check({
      {"unknown op",
       "  - relu\n",
       {"model.yaml:2:12: error: unknown layer 'cnov'", "'conv'?"},
       "defaults: {cnov: {bias: false}}\n"},
      {"unknown key",
       "  - relu\n",
       {"model.yaml:2:19: error: unknown key 'kernal'", "'kernel'?"},
       "defaults: {conv: {kernal: 3}}\n"},
      {"bad value",
       "  - relu\n",
       {"model.yaml:2:25: error: expected true or false, found '7'"},
       "defaults: {conv: {bias: 7}}\n"},
      {"a name", "  - relu\n", {"'name' cannot have a default"}, "defaults: {conv: {name: x}}\n"},
      {"unmatched edit",
       "  - {linear: 3, from: flat, name: fc}\n  - relu\n",
       {"unknown name 'flat'"},
       "edit: {fc.x: {linear: 3}}\n"},
      {"misspelt edit",
       "  - {relu, name: fc1}\n",
       {"model.yaml:2:8: error: unknown item 'fc' in 'edit'", "did you mean 'fc1'?"},
       "edit: {fc: relu}\n"},
      {"edit of an option",
       "  - {conv: 3, kernel: 1, name: c1}\n",
       {"model.yaml:2:13: error: unknown key 'kernal' for layer 'conv'"},
       "edit: {c1: {kernal: 3}}\n"},
      {"edit behind an if",
       "  - {seq: [{relu, name: x}], name: s, if: false}\n  - relu\n",
       {"'s.x' in 'edit' is inside an item that is dropped", "by 'if' at model.yaml:4:36"},
       "edit: {s.x: gelu}\n"},
      {"a list for an edit", "  - relu\n", {"a patch is a map, an op or '~'"}, "edit: {a: [1]}\n"},
      {"a rule without match",
       "  - {conv: 3, kernel: 1, name: c1}\n",
       {"model.yaml:2:26: error: no weight is called 'cl.*'", "a name here: 'c1.weight'"},
       "train: {params: [{match: 'cl.*', freeze: true}]}\n"},
      {"a key of a rule",
       "  - {conv: 3, kernel: 1, name: c1}\n",
       {"unknown key 'lr_mul' for 'params'"},
       "train: {params: [{match: 'c1.*', lr_mul: 2}]}\n"},
  });
}

TEST_CASE("mistakes in losses and outputs are located and explained") {
  const char* const layers = "  - gap\n  - {linear: 5, name: fc}\n";
  check({
      {"unknown loss",
       layers,
       {"unknown loss 'cros_entropy'", "'cross_entropy'?"},
       "loss: {cros_entropy: fc, target: y}\n"},
      {"a layer", layers, {"'linear' is no loss"}, "loss: {linear: 3}\n"},
      {"unknown key",
       layers,
       {"unknown key 'wieght' for loss 'mse'", "'weight'?"},
       "loss: {mse: fc, target: y, wieght: 2}\n"},
      {"a layer's key",
       layers,
       {"unknown key 'act' for loss 'mse'"},
       "loss: {mse: fc, target: y, act: relu}\n"},
      {"unknown input",
       layers,
       {"model.yaml:2:13: error: unknown name 'fx'", "'fc'?"},
       "loss: {mse: fx, target: y}\n"},
      {"two inputs",
       layers,
       {"loss 'mse' takes 1 input, found 2"},
       "loss: {mse: [fc, fc], target: y}\n"},
      {"a path as a field",
       layers,
       {"unknown name 'a.b' in 'target'"},
       "loss: {mse: fc, target: a.b}\n"},
      {"a weight",
       layers,
       {"expected a number, found 'heavy'"},
       "loss: {mse: fc, target: y, weight: heavy}\n"},
      {"one name twice",
       layers,
       {"the name 'a' is used twice"},
       "loss: [{mse: fc, target: y, name: a}, {mse: fc, target: y, name: a}]\n"},
      {"unknown output", layers, {"unknown name 'fx' in 'outputs'"}, "outputs: {y: fx}\n"},
      {"an output's name",
       layers,
       {"'../y' cannot be the name of an output"},
       "outputs: {../y: fc}\n"},
      {"outputs within a list", layers, {"'outputs' lists layers by name"}, "outputs: [[fc]]\n"},
      {"an unknown output of a list", layers, {"unknown name 'fx'"}, "outputs: [fc, fx]\n"},
      {"no output", "  - {relu, if: false}\n", {"the network has no output"}},
      {"no layers", "  []\n", {"'layers' is empty"}},
  });
}

TEST_CASE("faults of model files in layers are rejected (FAULTS A)") {
  SECTION("row 15: no integers") {
    check({
        {"64abc",
         "  - {conv: 64abc, kernel: 1}\n",
         {"model.yaml:3:12: error: expected an integer, found '64abc'"}},
        {"3.7", "  - {conv: 3.7, kernel: 1}\n", {"model.yaml:3:12: error: expected an integer"}},
        {"1e20", "  - {conv: 1e20, kernel: 1}\n", {"model.yaml:3:12: error: expected an integer"}},
    });
  }
  SECTION("row 16: unknown keys and layers") {
    check({
        {"a key",
         "  - {conv: 6, kernal: 5, name: c1}\n",
         {"model.yaml:3:15: error: unknown key 'kernal' for layer 'conv'\n"
          "      3 |   - {conv: 6, kernal: 5, name: c1}\n"
          "        |               ^~~~~~ did you mean 'kernel'?\n"}},
        {"other tools' key", "  - {conv: 6, kernel_size: 5}\n", {"it is called 'kernel' here"}},
        {"a layer",
         "  - {maxpol: 2}\n",
         {"model.yaml:3:6: error: unknown layer 'maxpol'", "did you mean 'maxpool'?"}},
        {"other tools' layer", "  - {Conv2d: 6}\n", {"did you mean 'conv'?"}},
    });
  }
  SECTION("row 18: names") {
    check({
        {"duplicate",
         "  - {relu, name: a}\n  - {bn, name: a}\n",
         {"model.yaml:4:16: error: the name 'a' is used twice", "first used at model.yaml:3:18"}},
        {"of an input", "  - {relu, name: image}\n", {"the name 'image' is used twice"}},
        {"empty", "  - {relu, name: \"\"}\n", {"model.yaml:3:18: error: empty layer name"}},
        {"null", "  - {relu, name: }\n", {"empty layer name"}},
        {"a path",
         "  - {relu, name: ../x}\n",
         {"model.yaml:3:18: error: '../x' cannot be the name of a layer"}},
        {"a dot", "  - {relu, name: a.b}\n", {"'a.b' cannot be the name of a layer"}},
        {"a digit", "  - {relu, name: 3a}\n", {"'3a' cannot be the name of a layer"}},
        {"a list", "  - {relu, name: [a]}\n", {"expected a name, found a list"}},
        {"prev", "  - {relu, name: prev}\n", {"layer 'prev' has a meaning of its own"}},
    });
  }
  SECTION("row 19: cycles and dangling inputs") {
    check({
        {"forward",
         "  - {relu, from: b, name: a}\n  - {relu, name: b}\n",
         {"model.yaml:3:18: error: 'b' in 'from' stands further down: a cycle",
          "note: 'b' is named at model.yaml:4:18"}},
        {"forward path",
         "  - {relu, from: s.x}\n  - {seq: [{relu, name: x}], name: s}\n",
         {"'s.x' in 'from' stands further down: a cycle"}},
        {"itself",
         "  - {relu, from: a, name: a}\n",
         {"model.yaml:3:18: error: 'a' takes its input from itself"}},
        {"what is around it",
         "  - {seq: [{relu, from: s}], name: s}\n",
         {"model.yaml:3:25: error: 's' takes its input from itself"}},
        {"dangling",
         "  - {relu, name: mix}\n  - {relu, from: mix.aux}\n",
         {"model.yaml:4:18: error: unknown name 'mix.aux' in 'from'"}},
        {"misspelt",
         "  - {relu, name: conv1}\n  - {relu, from: covn1}\n",
         {"unknown name 'covn1' in 'from'", "did you mean 'conv1'?"}},
        {"the inside of what is dropped",
         "  - {seq: [{relu, name: x}], name: s, if: false}\n  - {relu, from: s.x}\n",
         {"model.yaml:4:18: error: 's.x' in 'from' is inside an item that is dropped",
          "by 'if' at model.yaml:3:36"}},
    });
  }
  SECTION("row 20: control characters") {
    const std::string errors = errors_of(model({"", "  - {relu, name: \"a\\e[31mb\"}\n", {}}));
    CHECK(contains(errors, "'a\\x1b[31mb' cannot be the name of a layer"));
    CHECK_FALSE(contains(errors, "\x1b"));
  }
}

TEST_CASE("faults of shapes are rejected with the layer and its shapes (FAULTS B)") {
  SECTION("row 21: dimensions below 1") {
    check({{"0 features",
            "  - gap\n  - {linear: 0}\n",
            {"model.yaml:4:14: error: 'out' must be at "}},
           {"channels", "  - {conv: -3, kernel: 1}\n", {"'out' must be at least 1"}}});
    CHECK(contains(errors_of("input: {image: [4, 0, 8]}\nlayers: [relu]\n"), "model.yaml:1:"));
  }
  SECTION("row 22: more elements than can be counted") {
    CHECK(
        contains(errors_of("input: {image: [4194305, 4194305, 211106198978564]}\nlayers: [relu]\n"),
                 "model.yaml:1:9: error: input 'image': shape [4194305,4194305,211106198978564]: "
                 "element count overflows"));
    check({{"weights",
            "  - gap\n  - {linear: 2000000000}\n  - {linear: 2000000000, name: fc}\n",
            {"model.yaml:5:5: error: linear 'fc' of 'prev' [2000000000]: shape "
             "[2000000000,2000000000]: element count overflows"}}});
  }
  SECTION("row 24: a kernel larger than its input") {
    check({{"named",
            "  - {conv: 3, kernel: 9, name: big}\n",
            {"model.yaml:3:5: error: conv 'big'", "[4,8,8]", "kernel"}}});
  }
  SECTION("row 25: strides and groups") {
    check({{"stride 0", "  - {conv: 3, kernel: 1, stride: 0}\n", {"model.yaml:3:34: error: "}},
           {"groups",
            "  - {conv: 4, kernel: 1, groups: 3}\n",
            {"model.yaml:3:5: error: conv 'prev' [4,8,8]: groups"}}});
  }
  SECTION("row 26: shapes that do not meet") {
    check({
        {"concat in a block",
         "  - {conv: 8, kernel: 1, name: enc}\n  - {maxpool: 2}\n  - {up: 2, skip: enc}\n",
         {"model.yaml:2:74: error: concat 'enc' [8,8,8] and 'prev' [2,4,4]: H,W differ",
          "note: in block 'up', called at model.yaml:6:5"},
         "blocks: {up: {args: {out: ~, skip: ~}, layers: [{conv: $out, kernel: 1}, "
         "{concat: [$skip, prev]}]}}\n"},
        {"a named add",
         "  - {conv: 8, kernel: 1, name: a}\n  - {add: [a, in], name: sum}\n",
         {"model.yaml:4:5: error: add 'sum' of 'a' [8,8,8] and 'in' [4,8,8]: shapes differ"}},
        {"linear",
         "  - {linear: 3, name: fc}\n",
         {"model.yaml:3:5: error: linear 'fc' expects", "[4,8,8]", "flatten"}},
    });
  }
}

TEST_CASE("several mistakes are reported in one run, each once") {
  const std::string errors = errors_of(R"(name: lenet5
input: {image: [1, 28, 28]}
vars: {classes: 10}
layers:
  - {conv: 6, kernal: 5, pad: 2, act: relu, name: c1}
  - {maxpol: 2, name: s2}
  - {conv: 16, kernel: 5, act: rleu, name: c3}
  - flatten
  - {linear: $(prev.c * 2), if: $(s2.h == 14)}
  - {linear: $clases, name: out}
loss: {cross_entropy: out, target: label}
)");
  CHECK(count_of(errors, "error:") == 4);
  CHECK(contains(errors, "model.yaml:5:15: error: unknown key 'kernal' for layer 'conv'"));
  CHECK(contains(errors, "model.yaml:6:6: error: unknown layer 'maxpol'"));
  CHECK(contains(errors, "model.yaml:7:32: error: unknown layer 'rleu'"));
  CHECK(contains(errors, "model.yaml:10:15: error: unknown name 'clases'"));
}

TEST_CASE("what depends on a mistake is checked for its own mistakes and else left alone") {
  const std::string errors = errors_of(R"(input: {image: [4, 8, 8]}
blocks: {b: {args: {n: ~}, layers: [{conv: $n, kernel: 1, repeat: $n, if: $(n > 3)}]}}
layers:
  - {conv: 3, kernel: 9, name: a}
  - {conv: $(prev.c * 2), kernel: $(a.h // 2), name: b}
  - {linear: 3, if: $(b.c == 2)}
  - {b: $(b.c)}
  - {seq: [{linear: 3}, {add: [a, b]}], name: s}
  - {conv: 3, kernel: 1, from: s.x}
  - {conv: 3, kernel: 1, repeat: $(s.c), name: q}
  - {conv: 3, kernel: 1, smoothing: 3}
loss: [{cross_entropy: b, target: label, smoothing: 7}, {mse: q, target: y}]
outputs: {x: q}
edit: {s.x: {linear: 3}}
)");
  CHECK(count_of(errors, "error:") == 3);
  CHECK(contains(errors, "model.yaml:4:5: error: conv 'a'"));
  CHECK(contains(errors, "model.yaml:11:26: error: unknown key 'smoothing'"));
  CHECK(contains(errors, "model.yaml:12:53: error: 'smoothing' must be from 0 to 1"));
}

TEST_CASE("a mistake in a block is reported once, though the block is called often") {
  const std::string errors = errors_of(R"(input: {image: [4, 8, 8]}
blocks: {b: {args: {n: ~}, layers: [{conv: $n, kernel: 30}, {conv: $n, kernal: 3}]}}
layers: [{b: 1}, {b: 2, from: image}, {b: 3, from: image}, {b: 4, repeat: 3}]
)");
  CHECK(count_of(errors, "error:") == 2);
}

TEST_CASE("ten errors end a run") {
  std::string text = "input: {image: [4, 8, 8]}\nlayers:\n";
  for (int i = 0; i < 30; ++i) text += fmt::format("  - wrong{}\n", i);
  CHECK(count_of(errors_of(text), "error:") == 10);
}

}  // namespace cnn

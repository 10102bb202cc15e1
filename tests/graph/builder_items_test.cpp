// Items, names, inputs and structure: rules 1 to 5 and 8 of the language.
#include "graph/builder_support.h"

namespace cnn {
namespace {

using Names = std::vector<std::string>;

// A model of 4x8x8 images with these layers, each a line of YAML.
std::string model(const std::string& layers, const std::string& rest = "") {
  return "input: {image: [4, 8, 8]}\n" + rest + "layers:\n" + layers;
}

}  // namespace

TEST_CASE("an item is a bare op or a map with one op among its options") {
  const Built built(model(R"(
  - relu
  - {relu}
  - {conv: 3, kernel: 1}
  - {kernel: 1, name: late, conv: 5}
  - {conv, out: 6, kernel: 1}
)"));
  CHECK(built.layers() == Names{"0 relu", "1 relu", "2 conv", "late conv", "4 conv"});
  CHECK(built.shape("4") == "[6,8,8]");
}

TEST_CASE("a key that is an option of the op is no op, though it has an op's name") {
  const Built built(model(R"(
  - {head: 3, dropout: 0.25}
)",
                          R"(
blocks:
  head: {args: {out: ~, dropout: 0}, layers: [{conv: $out, kernel: 1}, {dropout: $dropout}]}
)"));
  CHECK(built.layers() == Names{"0.0 conv", "0.1 dropout"});
}

TEST_CASE("a folded activation is a layer of its own, and the name means its value") {
  const Built built(model(R"(
  - {conv: 3, kernel: 1, act: relu, name: a}
  - {conv: 3, kernel: 1, act: {leaky_relu: 0.1}}
  - {add: [a, prev], act: {elu: 2}, name: sum}
  - {seq: [bn], act: sigmoid, name: s}
)"));
  CHECK(built.layers() == Names{"a conv", "a.act relu", "1 conv", "1.act leaky_relu", "sum add",
                                "sum.act elu", "s.0 bn", "s.act sigmoid"});
  CHECK(built.inputs("sum") == Names{"a.act", "1.act"});
  CHECK(built.meaning("a") == "a.act");
  CHECK(built.meaning("s") == "s.act");
  CHECK(built.node("a.act").folded_into == "a");
  CHECK(built.node("s.act").folded_into == "s");
  CHECK(built.node("a").folded_into == "");
  CHECK(built.node("s.0").folded_into == "");
}

TEST_CASE("an item that is called act is no folded activation") {
  const Built built(model("  - {seq: [{conv: 3, kernel: 1}, {relu, name: act}], name: a}\n"));
  CHECK(built.layers() == Names{"a.0 conv", "a.act relu"});
  CHECK(built.node("a.act").folded_into == "");
}

TEST_CASE("weights of an activation are called NAME.act.weight") {
  const Built built(model("  - {conv: 3, kernel: 1, act: bn, name: a}\n"));
  CHECK(built.store.find("a.act.weight") >= 0);
}

TEST_CASE("an activation may be a block of the file") {
  const Built built(model("  - {conv: 3, kernel: 1, act: swish, name: a}\n",
                          "blocks: {swish: {layers: [{mul: [in, [sigmoid]]}]}}\n"));
  CHECK(built.layers() == Names{"a conv", "a.act.0.1.0 sigmoid", "a.act.0 mul"});
  CHECK(built.inputs("a.act.0") == Names{"a", "a.act.0.1.0"});
  CHECK(built.node("a.act.0").folded_into == "");
}

TEST_CASE("an op, an activation and an item may come from a variable") {
  const Built built(model(R"(
  - {conv: 3, kernel: 1, act: $act}
  - $norm
)",
                          "vars: {act: tanh, norm: bn}\n"));
  CHECK(built.layers() == Names{"0 conv", "0.act tanh", "1 bn"});
}

TEST_CASE("the input is the previous item, or what 'from' names") {
  const Built built(model(R"(
  - {conv: 3, kernel: 1, name: a}
  - {conv: 5, kernel: 1, name: b}
  - {relu, from: a, name: c}
  - {relu, from: in, name: d}
  - {relu, from: image, name: e}
  - {relu, from: prev, name: f}
  - {relu, from: [a], name: g}
)"));
  CHECK(built.inputs("b") == Names{"a"});
  CHECK(built.inputs("c") == Names{"a"});
  CHECK(built.inputs("d") == Names{"image"});
  CHECK(built.inputs("e") == Names{"image"});
  CHECK(built.inputs("f") == Names{"e"});
  CHECK(built.inputs("g") == Names{"a"});
}

TEST_CASE("a network may have several inputs, 'in' and the first 'prev' are the first") {
  const Built built(R"(
input: {image: [4, 8, 8], extra: [5]}
layers:
  - flatten
  - {concat: [prev, extra]}
  - {concat: [prev, [flatten]], from: in}
)");
  CHECK(built.inputs("0") == Names{"image"});
  CHECK(built.inputs("1") == Names{"0", "extra"});
  CHECK(built.inputs("2.1.0") == Names{"image"});
  CHECK(built.graph.fields[1].is_input);
  CHECK(built.shape("1") == "[261]");
}

TEST_CASE("inner items are reached from outside by dotted path") {
  const Built built(model(R"(
  - seq: [{conv: 3, kernel: 1, name: aux}, {conv: 5, kernel: 1}]
    name: mix1
  - {relu, from: mix1.aux, name: a}
  - {b, name: call}
  - {relu, from: call.x, name: c}
  - {relu, repeat: 2, name: rep}
  - {relu, from: rep.0, name: d}
  - {relu, from: mix1.1, name: e}
)",
                          "blocks: {b: {layers: [{conv: 3, kernel: 1, name: x}, relu]}}\n"));
  CHECK(built.inputs("a") == Names{"mix1.aux"});
  CHECK(built.inputs("c") == Names{"call.x"});
  CHECK(built.inputs("d") == Names{"rep.0"});
  CHECK(built.inputs("e") == Names{"mix1.1"});
  CHECK(built.meaning("mix1") == "mix1.1");
  CHECK(built.meaning("call") == "call.1");
  CHECK(built.meaning("rep") == "rep.1");
}

TEST_CASE("seqs, branches and sides see outward, the nearest name wins") {
  const Built built(model(R"(
  - {conv: 3, kernel: 1, name: a}
  - {conv: 5, kernel: 1, name: b}
  - seq:
      - {relu, from: a, name: x}
      - {conv: 7, kernel: 1, name: a}
      - seq: [{relu, from: a, name: y}, {relu, from: b, name: z}]
        name: deep
    name: s
  - {concat: [[{relu, from: a, name: p}], {q: [{relu, from: b}]}]}
  - {side: [{relu, from: a}], name: t}
)"));
  CHECK(built.inputs("s.x") == Names{"a"});
  CHECK(built.inputs("s.deep.y") == Names{"s.a"});
  CHECK(built.inputs("s.deep.z") == Names{"b"});
  CHECK(built.inputs("p") == Names{"a"});
  CHECK(built.inputs("q") == Names{"b"});
  CHECK(built.inputs("t.0") == Names{"a"});
}

TEST_CASE("a side leaves 'prev' alone and its name means its last item") {
  const Built built(model(R"(
  - {conv: 3, kernel: 1, name: a}
  - {side: [gap, {linear: 2}], name: head}
  - {conv: 3, kernel: 1, name: b}
)"));
  CHECK(built.inputs("head.0") == Names{"a"});
  CHECK(built.inputs("b") == Names{"a"});
  CHECK(built.meaning("head") == "head.1");
  CHECK(built.graph.outputs[0].name == "b");
}

TEST_CASE("'in' inside a seq or branch is still the block's input") {
  const Built built(model("  - relu\n  - {b, name: c}\n", R"(
blocks:
  b:
    layers:
      - {conv: 3, kernel: 1}
      - seq: [relu, {relu, from: in, name: x}]
        name: s
      - {concat: [in, prev, [relu, {relu, from: in, name: y}]]}
)"));
  CHECK(built.inputs("c.s.x") == Names{"0"});
  CHECK(built.inputs("c.y") == Names{"0"});
  CHECK(built.inputs("c.2") == Names{"0", "c.s.x", "c.y"});
}

TEST_CASE("add, concat and mul take names, branches and sets of named branches") {
  const Built built(model(R"(
  - {conv: 3, kernel: 1, name: a}
  - {concat: [a, [], [{conv: 2, kernel: 1}, relu], {x: [bn], y: a, z: [relu, bn], w: {conv: 1, kernel: 1}}]}
  - {concat: {p: [relu], q: []}, from: a, name: c}
  - {add, from: [a, a], name: d}
  - {mul: [prev, [gap, sigmoid]], name: e}
)"));
  CHECK(built.inputs("1") == Names{"a", "a", "1.2.1", "x", "a", "z.1", "w"});
  CHECK(built.shape("1") == "[18,8,8]");
  CHECK(built.inputs("x") == Names{"a"});
  CHECK(built.meaning("y") == "a");
  CHECK(built.inputs("c") == Names{"c.p", "a"});
  CHECK(built.inputs("c.p") == Names{"a"});
  CHECK(built.inputs("d") == Names{"a", "a"});
  CHECK(built.inputs("e") == Names{"d", "e.1.1"});
}

TEST_CASE("a named branch with several items is a seq, with one it is that item") {
  const Built built(model(R"(
  - concat:
      one: [{conv: 2, kernel: 1, act: relu}]
      two: [{conv: 2, kernel: 1}, bn]
      rep: [{conv: 2, kernel: 1, repeat: 2}]
      own: [{conv: 2, kernel: 1, name: mine}]
      many: [{cr: 2}]
)",
                          "blocks: {cr: {args: {out: ~}, splice: true, layers: "
                          "[{conv: $out, kernel: 1}, relu]}}\n"));
  CHECK(built.layers() == Names{"one conv", "one.act relu", "two.0 conv", "two.1 bn", "rep.0 conv",
                                "rep.1 conv", "own.mine conv", "many.0 conv", "many.1 relu",
                                "0 concat"});
}

TEST_CASE("unnamed items of unnamed branches are numbered below the concat and the branch") {
  const Built built(model(R"(
  - {concat: [[relu], [bn, relu]]}
  - {concat: [[relu], [bn, relu]], name: c}
  - {seq: [bn]}
)"));
  CHECK(built.layers() == Names{"0.0.0 relu", "0.1.0 bn", "0.1.1 relu", "0 concat", "c.0.0 relu",
                                "c.1.0 bn", "c.1.1 relu", "c concat", "2.0 bn"});
}

TEST_CASE("a block takes its primary argument, a list, or keys") {
  const std::string blocks = R"(
blocks:
  b: {args: {out: ~, kernel: 1, pad: $(kernel // 2)}, layers: [{conv: $out, kernel: $kernel, pad: $pad}]}
)";
  for (const char* call :
       {"{b: 6, kernel: 3}", "{b: [6, 3]}", "{b: [6, 3, 1]}", "{b, out: 6, kernel: 3}",
        "{b: {out: 6, kernel: 3}}", "{b: [6], kernel: 3, pad: 1}"}) {
    CAPTURE(call);
    const Built built(model(fmt::format("  - {}\n", call), blocks));
    CHECK(built.parameter("0.0.weight").request.shape == Shape{6, 4, 3, 3});
    CHECK(built.shape("0") == "[6,8,8]");
  }
}

TEST_CASE("defaults of arguments may use earlier arguments, variables and the block's input") {
  const Built built(model("  - {conv: 6, kernel: 1}\n  - {b: 2}\n", R"(
vars: {v: 5}
blocks:
  b:
    args: {x: ~, y: $(x * v), z: $(in.c + y)}
    layers: [{conv: $y, kernel: 1}, {conv: $z, kernel: 1}]
)"));
  CHECK(built.shape("1.0") == "[10,8,8]");
  CHECK(built.shape("1.1") == "[16,8,8]");
}

TEST_CASE("an argument that is a layer's name is looked up where it was written") {
  const Built built(model(R"(
  - {conv: 3, kernel: 1, name: x}
  - {conv: 4, kernel: 1}
  - {outer: x, name: o}
)",
                          R"(
blocks:
  inner:
    args: {skip: ~, c: $(skip.c)}
    layers: [{conv: 1, kernel: 1, name: x}, {concat: [$skip, x]}, {conv: $c, kernel: 1, name: last}]
  outer:
    args: {skip: ~}
    layers: [{conv: 2, kernel: 1, name: x}, {inner: $skip, name: i}, {inner: x, name: j}, {inner: prev, name: k}]
)"));
  CHECK(built.inputs("o.i.1") == Names{"x", "o.i.x"});
  CHECK(built.inputs("o.j.1") == Names{"o.x", "o.j.x"});
  CHECK(built.inputs("o.k.1") == Names{"o.j.last", "o.k.x"});
  CHECK(built.shape("o.i.last") == "[3,8,8]");
  CHECK(built.shape("o.j.last") == "[2,8,8]");
}

TEST_CASE("an argument may stand for any option, an activation, or nothing") {
  const Built built(model("  - {b: 2}\n  - {b: 2, act: {leaky_relu: 0.5}}\n  - {b: 2, act: ~}\n",
                          "blocks: {b: {args: {out: ~, act: relu}, layers: "
                          "[{conv: $out, kernel: 1, act: $act}]}}\n"));
  CHECK(built.layers() ==
        Names{"0.0 conv", "0.0.act relu", "1.0 conv", "1.0.act leaky_relu", "2.0 conv"});
}

TEST_CASE("a spliced block's body does not see the list that it is put in") {
  const std::string text = model("  - {conv: 4, kernel: 1, name: a}\n  - b\n",
                                 "blocks: {b: {splice: true, layers: [{relu, name: c}, "
                                 "{add: [c, in]}, {relu, from: a}]}}\n");
  CHECK(contains(errors_of(text), "unknown name 'a' in 'from'"));
  const Built built(model("  - {conv: 4, kernel: 1, name: a}\n  - b\n  - {relu, from: c}\n",
                          "blocks: {b: {splice: true, layers: [{relu, name: c}, "
                          "{add: [c, in]}]}}\n"));
  CHECK(built.layers() == Names{"a conv", "c relu", "2 add", "3 relu"});
  CHECK(built.inputs("2") == Names{"c", "a"});
  CHECK(built.inputs("3") == Names{"c"});
}

TEST_CASE("expressions know volumes, arguments and variables") {
  const Built built(R"(
input: {image: [4, 8, 6]}
vars: {w: 3, name: tail}
layers:
  - {conv: $(in.c * w), kernel: 1, name: a}
  - {conv: $(prev.c - 1), kernel: [$(a.h - 1), $(image.w)], name: b}
  - {conv: '$(max(a.c, b.c))', kernel: 1, name: $name}
)");
  CHECK(built.shape("a") == "[12,8,6]");
  CHECK(built.shape("b") == "[11,2,1]");
  CHECK(built.shape("tail") == "[12,2,1]");
}

TEST_CASE("levels around a layer are listed outermost first") {
  const Built built(model(R"(
  - seq: [{concat: {p: [{b, repeat: 2}], q: []}, name: c}]
    name: s
)",
                          "blocks: {b: {layers: [relu]}}\n"));
  CHECK(built.node("s.c.p.1.0").path == Names{"s", "s.c", "s.c.p", "s.c.p.1"});
  CHECK(built.node("s.c").path == Names{"s"});
}

}  // namespace cnn

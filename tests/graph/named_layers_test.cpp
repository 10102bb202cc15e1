// Options that name a layer: tied weights, unpool, sizes; and split, whose parts have names.
#include <cmath>

#include "base/parallel.h"
#include "graph/builder_support.h"
#include "graph/cut.h"
#include "graph/executor.h"
#include "graph/random_run.h"

namespace cnn {
namespace {

constexpr const char* kTied = R"(
input: {image: [1, 3, 4]}
layers:
  - flatten
  - {linear: 5, act: tanh, name: enc}
  - {linear: 12, tie: enc, name: dec}
  - {reshape: [1, 3, 4], name: recon}
loss: {mse: recon, target: image}
)";

}  // namespace

TEST_CASE("tied weights stand once in the network") {
  const Built built(kTied);
  CHECK(built.weights() ==
        std::vector<std::string>{"enc.weight [5,12]", "enc.bias [5]", "dec.bias [12]"});
  CHECK(built.store.parameter_count() == 60 + 5 + 12);
  CHECK(built.node("dec").parameters[0] == built.node("enc").parameters[0]);
}

TEST_CASE("a tied weight's gradient is the sum of both uses") {
  RandomRun run(kTied);
  run.loss();
  run.backward();
  for (const int64_t i : {0, 7, 31, 59}) run.check_gradient("enc.weight", i);
}

TEST_CASE("a tied weight follows the owner's settings") {
  const auto with = [](const std::string& enc, const std::string& dec) {
    std::string yaml = kTied;
    yaml.replace(yaml.find("name: enc"), 9, "name: enc" + enc);
    yaml.replace(yaml.find("name: dec"), 9, "name: dec" + dec);
    return yaml;
  };
  const Built owner(with(", freeze: true", ""));
  CHECK(owner.parameter("enc.weight").frozen);
  CHECK_FALSE(owner.parameter("dec.bias").frozen);
  const Built user(with("", ", freeze: true, lr_mult: 3"));
  CHECK_FALSE(user.parameter("enc.weight").frozen);
  CHECK(user.parameter("enc.weight").lr_mult == 1);
  CHECK(user.parameter("dec.bias").frozen);
  CHECK(contains(errors_of(with("", ", init: {normal: 1}")), "'init' on a layer without weights"));
}

TEST_CASE("weights are tied through blocks, copies and dotted paths") {
  const Built built(R"(
input: {image: [2, 6, 6]}
blocks:
  down: {args: {out: ~}, layers: [{conv: $out, kernel: 2, stride: 2, act: relu, name: c}]}
  up:
    args: {out: ~, of: ~}
    layers: [{upconv: $out, kernel: 2, stride: 2, tie: $of, name: u}]
layers:
  - {conv: 2, kernel: 3, pad: 1, repeat: 2, name: pre}
  - {down: 4, name: enc}
  - {up: 2, of: enc, name: dec}
  - {upconv: 2, kernel: 3, pad: 1, tie: pre, name: post}
  - {upconv: 2, kernel: 3, pad: 1, tie: pre.0, name: first}
  - {down: 5, name: again}
  - {upconv: 2, kernel: 2, stride: 2, tie: again.c, name: last}
loss: {mse: last, target: image}
)");
  CHECK(built.weights() == std::vector<std::string>{
                               "pre.0.weight [2,2,3,3]", "pre.0.bias [2]", "pre.1.weight [2,2,3,3]",
                               "pre.1.bias [2]", "enc.c.weight [4,2,2,2]", "enc.c.bias [4]",
                               "dec.u.bias [2]", "post.bias [2]", "first.bias [2]",
                               "again.c.weight [5,2,2,2]", "again.c.bias [5]", "last.bias [2]"});
  CHECK(built.node("post").parameters[0] == built.store.find("pre.1.weight"));
  CHECK(built.node("first").parameters[0] == built.store.find("pre.0.weight"));
  CHECK(built.node("dec.u").parameters[0] == built.store.find("enc.c.weight"));
}

TEST_CASE("what cannot be tied is explained") {
  const auto error = [](const std::string& item) {
    return errors_of(
        "input: {image: [6]}\nlayers:\n  - {linear: 4, name: enc}\n  - {relu, name: r}\n  - " +
        item + "\nloss: {mse: prev, target: t}\n");
  };
  CHECK(
      contains(error("{linear: 5, tie: enc}"),
               "'enc' goes from 6 to 4 features, so a layer tied to it goes from 4 to 6, not from "
               "4 to 5"));
  CHECK(contains(error("{linear: 6, tie: r}"),
                 "'r' is a layer 'relu'; linear is tied to a layer "
                 "'linear'"));
  CHECK(contains(error("{linear: 6, tie: image}"), "'image' is an input"));
  CHECK(contains(error("{linear: 6, tie: end}"), "end"));
  CHECK(contains(error("{linear: 6, tie: enc, name: a}\n  - {linear: 4, tie: a}"),
                 "'a' is tied itself; name the layer that owns the weights"));
}

TEST_CASE("unpool reads the places that a maxpool has found, in training and in testing") {
  const std::string yaml = R"(
input: {image: [2, 5, 6]}
layers:
  - {maxpool: 2, act: relu, name: pool}
  - {conv: 2, kernel: 3, pad: 1}
  - {conv: 2, kernel: 3, pad: 1}
  - {unpool: pool, name: large}
  - {conv: 2, kernel: 1, name: out}
outputs: {large: large}
loss: {mse: out, target: image}
)";
  RandomRun train(yaml), test(yaml, Pass::predicting());
  CHECK(std::isfinite(train.loss()));
  train.backward();
  test.forward();
  const std::vector<float> large = train.value("large");
  CHECK(large == test.value("large"));
  const auto filled = std::count_if(large.begin(), large.end(), [](float x) { return x != 0; });
  CHECK(filled > 0);
  CHECK(filled <= RandomRun::kBatch * 2 * 6);
  // The pool's memory is lent, not copied.
  const size_t pool = static_cast<size_t>(train.built().graph.find_node("pool"));
  const size_t unpool = static_cast<size_t>(train.built().graph.find_node("large"));
  CHECK(train.plan().memory[unpool][0].offset == train.plan().memory[pool][0].offset);
}

TEST_CASE("a part of a graph keeps the maxpool whose places are borrowed, or is refused") {
  const std::string yaml = R"(
input: {image: [2, 4, 4]}
layers:
  - {conv: 2, kernel: 1, name: start}
  - {maxpool: 2, name: pool}
  - {conv: 2, kernel: 1, name: code}
  - {unpool: pool, name: large}
loss: {mse: large, target: image}
)";
  Built whole(yaml, Phase::kTest);
  start_at(whole.graph, whole.graph.find_value("start"), "z");
  CHECK(whole.layers() == std::vector<std::string>{"pool maxpool", "code conv", "large unpool"});
  Built part(yaml, Phase::kTest);
  try {
    start_at(part.graph, part.graph.find_value("code"), "z");
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(contains(error.what(), "'large' needs what 'pool' has found"));
  }
}

TEST_CASE("crop and upsample take their size from a layer named in an argument") {
  const Built built(R"(
input: {image: [1, 9, 8]}
blocks:
  fit: {args: {to: ~}, layers: [{crop: $to, name: cut}, {upsample, size: in, name: back}]}
layers:
  - {conv: 3, kernel: 3, name: small}
  - {fit: small, from: image, name: f}
loss: {mse: prev, target: image}
)");
  CHECK(built.shape("f.cut") == "[1,7,6]");
  CHECK(built.shape("f.back") == "[1,9,8]");
  CHECK(contains(errors_of("input: {image: [1, 4, 4]}\nlayers: [{crop: smal}]\n"), "smal"));
}

TEST_CASE("the parts of a split are reached by name") {
  const Built built(R"(
input: {image: [12, 4, 4]}
layers:
  - {split: {a: 4, b: 8}}
  - {split: 2, name: half}
  - {split: {x: 1, y: 3}, axis: rows, from: a, name: band}
  - {concat: [half.0, half.1, b], name: both}
  - {gap, from: band.x, name: gx}
  - {add: [gx, [gap]], from: band, name: sum}
  - {mul: [half, sum], name: end}
loss: [{mse: both, target: t}, {mse: end, target: u}]
)");
  CHECK(built.shape("a") == "[4,4,4]");
  CHECK(built.shape("b") == "[8,4,4]");
  CHECK(built.shape("half.0") == "[4,4,4]");
  CHECK(built.inputs("half") == std::vector<std::string>{"b"});
  CHECK(built.meaning("half") == "half.1");
  CHECK(built.shape("band.y") == "[4,3,4]");
  CHECK(built.inputs("both") == std::vector<std::string>{"half.0", "half.1", "b"});
}

TEST_CASE("splits that cannot be are explained") {
  const auto error = [](const std::string& item) {
    return errors_of("input: {image: [6, 2, 2]}\nlayers:\n  - " + item + "\n");
  };
  CHECK(contains(error("{split: 2}"), "a split without a name"));
  CHECK(contains(error("{split: 4, name: s}"), "do not make 4 equal parts"));
  CHECK(contains(error("{split: 2, name: s, act: relu}"), "'act' on a split"));
  CHECK(contains(error("{split: {a: 3, prev: 3}}"), "'prev' has a meaning of its own"));
  CHECK(contains(error("{split: 2, axs: rows, name: s}"), "did you mean 'axis'"));
}

TEST_CASE("a misspelt layer with the option 'pad' is not taken for the layer 'pad'") {
  CHECK(contains(errors_of("input: {image: [1, 4, 4]}\nlayers: [{cnov: 6, kernel: 3, pad: 1}]\n"),
                 "did you mean 'conv'"));
}

}  // namespace cnn

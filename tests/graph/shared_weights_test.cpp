// `share`: items that have the weights of other items.
#include "graph/random_run.h"

namespace cnn {
namespace {

constexpr const char* kTwice = R"(
input: {image: [6]}
blocks:
  encoder:
    args: {out: ~}
    layers: [{linear: 5, act: tanh}, {seq: [{linear: $out, act: prelu, repeat: 2}], name: top}]
layers:
  - {encoder: 4, name: code}
  - {noise: gaussian, sigma: 0.1, from: image, name: noisy}
  - {encoder: 4, share: code, name: moved}
loss:
  - {mse: moved, target: t}
  - {contractive: [code, moved], eps: 0.1, weight: 0.01}
)";

std::string model(const std::string& items) {
  return "input: {image: [6]}\nvars: {off: false}\nblocks:\n  inner: {args: {out: ~}, splice: "
         "true, "
         "layers: [{linear: $out}]}\nlayers:\n" +
         items + "loss: {mse: prev, target: t}\n";
}

}  // namespace

TEST_CASE("shared weights stand once, under the names of the first") {
  const Built built(kTwice);
  CHECK(built.weights() ==
        std::vector<std::string>{"code.0.weight [5,6]", "code.0.bias [5]",
                                 "code.top.0.0.weight [4,5]", "code.top.0.0.bias [4]",
                                 "code.top.0.0.act.weight [4]", "code.top.0.1.weight [4,4]",
                                 "code.top.0.1.bias [4]", "code.top.0.1.act.weight [4]"});
  CHECK(built.node("moved.top.0.1").parameters == built.node("code.top.0.1").parameters);
  CHECK(built.node("moved.top.0.1.act").parameters == built.node("code.top.0.1.act").parameters);
}

TEST_CASE("a shared weight's gradient is the sum of both uses") {
  RandomRun run(kTwice);
  run.loss();
  run.backward();
  for (const char* name : {"code.0.weight", "code.top.0.0.bias", "code.top.0.1.weight"}) {
    for (const int64_t i : {0, 3}) run.check_gradient(name, i);
  }
}

TEST_CASE("two passes that share weights give the same for the same input") {
  RandomRun run(kTwice, Pass::testing());  // without noise
  run.forward();
  CHECK(run.value("code") == run.value("moved"));
}

TEST_CASE("an item may share weights without a name, and from inside a block") {
  const Built built(R"(
input: {image: [6]}
blocks:
  twice: {args: {of: ~}, layers: [{linear: 6, name: a}, {linear: 6, share: a}, {linear: 6, share: $of}]}
layers:
  - {linear: 6, name: first}
  - {linear: 6, share: first}
  - {twice: first, name: one}
  - {twice: first, share: one, name: two}
loss: {mse: prev, target: image}
)");
  CHECK(built.weights() == std::vector<std::string>{"first.weight [6,6]", "first.bias [6]",
                                                    "one.a.weight [6,6]", "one.a.bias [6]"});
  CHECK(built.node("two.1").parameters == built.node("one.a").parameters);
  CHECK(built.node("two.2").parameters == built.node("first").parameters);
}

TEST_CASE("shared weights keep the owner's settings") {
  const Built built(model("  - {linear: 6, name: a, freeze: true}\n  - {linear: 6, share: a}\n"));
  CHECK(built.parameter("a.weight").frozen);
  CHECK(built.store.parameter_count() == 42);
}

TEST_CASE("what cannot share weights is explained") {
  const auto error = [](const std::string& items) { return errors_of(model(items)); };
  const std::string a = "  - {linear: 6, name: a}\n";
  CHECK(
      contains(error(a + "  - {linear: 5, share: a, name: b}\n"),
               "linear 'b' shares weights, but 'a.weight' is [6,6], this layer's would be [5,6]"));
  CHECK(contains(error("  - {linear: 6, bias: false, name: a}\n  - {linear: 6, share: a}\n"),
                 "'a' has no 'bias'"));
  CHECK(contains(error(a + "  - {linear: 6, share: b, name: c}\n"), "unknown name 'b' in 'share'"));
  CHECK(
      contains(error(a + "  - {linear: 6, share: prev}\n"), "'prev' in 'share' is no item's name"));
  CHECK(contains(error(a + "  - {linear: 6, share: image}\n"), "'image' has no 'weight'"));
  CHECK(contains(error(a + "  - {linear: 6, share: a, lr_mult: 2}\n"), "'lr_mult' beside 'share'"));
  CHECK(contains(error(a + "  - {linear: 6, share: a, init: {normal: 1}}\n"),
                 "'init' beside 'share'"));
  CHECK(contains(error(a + "  - {inner: 6, share: a}\n"), "'share' on a block that is spliced in"));
  CHECK(contains(error(a + "  - {concat: [[{linear: 6}], []], share: a}\n"),
                 "'share' on a concat without a name"));
  CHECK(contains(error("  - {linear: 6, if: $off, name: a}\n  - {linear: 6, share: a}\n"),
                 "'a' in 'share' is dropped"));
  CHECK(contains(error("  - {linear: 6, share: a, name: a}\n"), "'a' takes its input from itself"));
}

}  // namespace cnn

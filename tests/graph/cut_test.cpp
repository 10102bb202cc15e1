#include "graph/cut.h"

#include "base/parallel.h"
#include "builder_support.h"
#include "graph/executor.h"
#include "support/catch.h"

namespace cnn {
namespace {

constexpr const char* kCoder = R"(
input: {image: [1, 4, 4]}
layers:
  - flatten
  - {linear: 8, act: tanh, name: enc}
  - {linear: 3, name: code}
  - {linear: 8, act: relu, name: dec}
  - {linear: 16}
  - {reshape: [1, 4, 4], name: recon}
outputs: {recon: recon, code: code, enc: enc}
loss: {mse: recon, target: image}
)";

// Runs a graph's forward pass on one sample and gives a value.
std::vector<float> run(const Graph& graph, ParameterStore& store, const std::vector<float>& input,
                       int value) {
  const MemoryPlan plan = plan_memory(graph, Pass::predicting(), store, 1, threads(), {value});
  Arena arena(plan.floats);
  Executor executor(graph, store, plan, arena);
  executor.bind(0, input.data());
  executor.forward(1, 0, 0);
  const ConstView view = executor.value(value);
  return {view.data, view.data + view.count()};
}

}  // namespace

TEST_CASE("a decoder cut out of its autoencoder does what it did inside") {
  Built whole(kCoder, Phase::kTest);
  whole.store.allocate(false);
  whole.store.initialize(5);
  std::vector<float> image;
  for (int i = 0; i < 16; ++i) image.push_back(static_cast<float>(i) / 8 - 1);
  const int code = whole.graph.find_value("code"), recon = whole.graph.find_value("recon");
  const std::vector<float> coded = run(whole.graph, whole.store, image, code);
  const std::vector<float> expected = run(whole.graph, whole.store, image, recon);
  start_at(whole.graph, code, "z");
  CHECK(whole.layers() ==
        std::vector<std::string>{"dec linear", "dec.act relu", whole.layers()[2], "recon reshape"});
  REQUIRE(whole.graph.fields.size() == 1);
  CHECK(whole.graph.fields[0].field.name == "z");
  CHECK(whole.graph.fields[0].field.shape == Shape{3});
  REQUIRE(whole.graph.outputs.size() == 1);
  CHECK(whole.graph.outputs[0].name == "recon");
  CHECK(run(whole.graph, whole.store, coded, recon) == expected);
}

TEST_CASE("what reads more than the cut gives is named") {
  Built skip(R"(
input: {image: [4]}
layers:
  - {linear: 4, name: enc}
  - {linear: 4, name: code}
  - {add: [code, enc], name: out}
loss: {mse: out, target: image}
)",
             Phase::kTest);
  try {
    start_at(skip.graph, skip.graph.find_value("code"), "z");
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == Exit::kSpec);
    CHECK(std::string(error.what()).find("'out' reads 'enc'") != std::string::npos);
  }
  Built end(kCoder, Phase::kTest);
  CHECK_THROWS_AS(start_at(end.graph, end.graph.find_value("recon"), "z"), Error);
}

TEST_CASE("an encoder cut out of its autoencoder does what it did inside") {
  Built whole(kCoder, Phase::kTest);
  whole.store.allocate(false);
  whole.store.initialize(5);
  const std::vector<float> image(16, 0.5f);
  const int code = whole.graph.find_value("code"), enc = whole.graph.find_value("enc");
  const std::vector<float> expected = run(whole.graph, whole.store, image, code);
  end_at(whole.graph, {code, enc});
  CHECK(whole.layers().size() == 4);
  CHECK(whole.layers().back() == "code linear");
  CHECK(whole.graph.losses.empty());
  REQUIRE(whole.graph.outputs.size() == 2);
  CHECK(whole.graph.outputs[0].value == code);
  REQUIRE(whole.graph.fields.size() == 1);
  CHECK(whole.graph.fields[0].field.name == "image");
  CHECK(run(whole.graph, whole.store, image, code) == expected);
}

TEST_CASE("a cut keeps the pool whose places are borrowed, and drops targets") {
  Built net(R"(
input: {image: [1, 4, 4]}
layers:
  - {maxpool: 2, name: pool}
  - {conv: 1, kernel: 1, from: pool, name: c}
  - {unpool: pool, from: c, name: up}
  - {conv: 2, kernel: 1, from: image, name: other}
  - flatten
  - {linear: 2, name: out}
loss: {cross_entropy: out, target: label}
)",
            Phase::kTest);
  end_at(net.graph, {net.graph.find_value("up")});
  CHECK(net.layers() == std::vector<std::string>{"pool maxpool", "c conv", "up unpool"});
  CHECK(net.graph.fields.size() == 1);
}

}  // namespace cnn

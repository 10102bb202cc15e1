// `freeze`: what it keeps as it is, and what a layer with frozen statistics computes.
#include "graph/frozen.h"

#include "graph/random_run.h"
#include "support/catch.h"

namespace cnn {
namespace {

std::string model_with(const std::string& bn, const std::string& train = "{}") {
  return "input: {image: [2, 4, 4]}\n"
         "layers:\n"
         "  - {conv: 3, kernel: 3, pad: 1, name: c}\n"
         "  - {" +
         bn +
         ", name: n}\n"
         "  - {gap: ~, act: tanh}\n"
         "  - {linear: 3, name: out}\n"
         "loss: {cross_entropy: out, target: label}\n"
         "train: " +
         train + "\n";
}

// Which of weight, bias, running_mean and running_var are frozen: "wbmv".
std::string frozen(const std::string& bn, const std::string& train = "{}") {
  const Built built(model_with(bn, train));
  std::string letters;
  for (const auto& [name, letter] : std::vector<std::pair<std::string, char>>{
           {"n.weight", 'w'}, {"n.bias", 'b'}, {"n.running_mean", 'm'}, {"n.running_var", 'v'}}) {
    if (built.parameter(name).frozen) letters += letter;
  }
  return letters;
}

}  // namespace

TEST_CASE("freeze: true freezes statistics too, weights does not") {
  CHECK(frozen("bn: ~") == "");
  CHECK(frozen("bn: ~, freeze: true") == "wbmv");
  CHECK(frozen("bn: ~, freeze: weights") == "wb");
  CHECK(frozen("bn: ~, freeze: true", "{params: [{match: 'n.*', freeze: weights}]}") == "wb");
  CHECK(frozen("bn: ~", "{params: [{match: 'n.*', freeze: true}]}") == "wbmv");
  CHECK(frozen("bn: ~", "{params: [{match: 'n.weight', freeze: true}]}") == "w");
  CHECK(frozen("bn: ~, freeze: weights", "{params: [{match: '*', freeze: false}]}") == "");
}

TEST_CASE("a frozen bn trains the layers around it with its own statistics") {
  for (const bool is_frozen : {true, false}) {
    RandomRun run(model_with(is_frozen ? "bn: ~, freeze: true" : "bn: ~, freeze: weights"));
    const auto numbers = [&](const std::string& name) {
      return run.store().export_values(run.store().find(name));
    };
    run.store().import_values(run.store().find("n.running_mean"), std::vector<float>{1, -1, 0.5f});
    run.store().import_values(run.store().find("n.running_var"), std::vector<float>{4, 0.25f, 2});
    run.forward();
    CHECK((numbers("n.running_mean") == std::vector<float>{1, -1, 0.5f}) == is_frozen);
    CHECK((numbers("n.running_var") == std::vector<float>{4, 0.25f, 2}) == is_frozen);
    if (!is_frozen) continue;
    const std::vector<float> in = run.value("c"), out = run.value("n");
    for (size_t i = 0; i < in.size(); ++i) {
      const float mean[] = {1, -1, 0.5f}, variance[] = {4, 0.25f, 2};
      CHECK(out[i] ==
            Approx((in[i] - mean[i % 3]) / std::sqrt(variance[i % 3] + 1e-5f)).margin(1e-5));
    }
    run.backward();
    for (const int64_t i : {0, 7, 20}) run.check_gradient("c.weight", i);
  }
}

namespace {

// Names of what is computed once and, behind a bar, of what others read of it.
std::string beginning(const std::string& yaml, const std::vector<char>& drawn = {},
                      const std::vector<std::string>& keep = {}) {
  Built train(yaml, Phase::kTrain);
  const Graph test = build_graph(spec_of(yaml), Phase::kTest, train.store);
  std::vector<int> kept;
  for (const std::string& name : keep) kept.push_back(train.graph.find_value(name));
  const std::vector<char> constant = constant_nodes(train.graph, train.store, drawn, &test);
  const FrozenBeginning found = frozen_beginning(train.graph, train.store, constant, kept);
  std::string text;
  for (size_t i = 0; i < found.nodes.size(); ++i) {
    if (found.nodes[i] != 0) text += train.graph.nodes[i].name + " ";
  }
  text += "|";
  for (const int v : found.values) text += " " + train.graph.value(v).name;
  return text;
}

}  // namespace

TEST_CASE("the frozen beginning ends where something learns, draws or moves") {
  const std::string head =
      "input: {image: [2, 8, 8]}\nlayers:\n  - {avgpool: 2, name: p}\n"
      "  - {conv: 3, kernel: 3, name: c, freeze: true}\n";
  const std::string tail =
      "  - {gap: ~, name: g}\n  - {linear: 3, name: out}\n"
      "loss: {cross_entropy: out, target: label}\n";
  CHECK(beginning(head + tail) == "p c g | g");
  CHECK(beginning(head + "  - {bn: ~, name: n, freeze: true}\n" + tail) == "p c n g | g");
  CHECK(beginning(head + "  - {bn: ~, name: n}\n" + tail) == "p c | c");
  CHECK(beginning(head + "  - {bn: ~, name: n, freeze: weights}\n" + tail) == "p c | c");
  CHECK(beginning(head + "  - {dropout: 0.1, name: d}\n" + tail) == "p c | c");
  CHECK(beginning(head + "  - {relu: ~, phase: train, name: r}\n" + tail) == "p c | c");
  CHECK(beginning(head + tail, {1, 0}) == "|");
  CHECK(beginning(head + tail, {}, {"c"}) == "p c g | c g");
  // Nothing is multiplied with frozen weights; or it comes too late.
  CHECK(beginning("input: {image: [2, 8, 8]}\nlayers:\n" + tail) == "|");
  CHECK(beginning("input: {image: [2, 8, 8]}\nlayers:\n  - {conv: 2, kernel: 3, name: a}\n"
                  "  - {conv: 2, kernel: 3, name: b, freeze: true}\n" +
                  tail) == "|");
}

TEST_CASE("layers without weights stay where they are needed beside frozen ones") {
  CHECK(beginning("input: {image: [2, 8, 8]}\nlayers:\n  - {avgpool: 2, name: p}\n"
                  "  - {conv: 3, kernel: 3, name: c, freeze: true}\n  - {gap: ~, name: g}\n"
                  "  - {gap: ~, from: p, name: h}\n  - {linear: 2, name: l}\n"
                  "  - {concat: [g, l], name: both}\n"
                  "  - {linear: 3, name: out}\nloss: {cross_entropy: out, target: label}\n") ==
        "c g | g");
}

TEST_CASE("a layer whose memory another one needs is run with it") {
  const std::string text =
      "input: {image: [2, 8, 8]}\nlayers:\n"
      "  - {conv: 3, kernel: 3, pad: 1, name: c, freeze: true}\n"
      "  - {maxpool: 2, name: pool}\n"
      "  - {conv: 3, kernel: 3, pad: 1, name: d, freeze: true}\n"
      "  - {conv: 3, kernel: 3, pad: 1, name: e}\n"
      "  - {unpool: pool}\n  - {gap: ~, name: g}\n"
      "  - {linear: 3, name: out}\n"
      "loss: {cross_entropy: out, target: label}\n";
  CHECK(beginning(text) == "c | c");
}

}  // namespace cnn

#include "model/network.h"

#include "model/vocabulary.h"
#include "support/catch.h"
#include "support/models.h"

namespace cnn {
namespace {

constexpr const char* kModel = R"(
input: {image: [2, 6, 6]}
layers:
  - {conv: 4, kernel: 3, pad: 1, name: conv1}
  - {bn, act: relu, name: bn1}
  - {conv: 4, kernel: 3, pad: 1, act: relu, name: conv2}
  - gap
  - {linear: 3, name: out}
loss: {cross_entropy: out, target: label}
)";

// What one use of the network gives: kept values, or their gradients from starts of all ones.
struct Outcome {
  std::vector<std::string> layers;
  std::vector<std::vector<float>> values, gradients;
};

Outcome run(const Network::Use& use) {
  Network network(spec_of(kModel), false);
  network.plan({use});
  network.allocate();
  network.store().initialize(1);
  Outcome outcome;
  for (const GraphNode& node : network.run_graph(0).nodes) outcome.layers.push_back(node.name);
  std::vector<float> image(72);
  for (size_t i = 0; i < image.size(); ++i) image[i] = static_cast<float>(i % 11) / 5 - 1;
  Executor& executor = network.executor(0);
  executor.bind(0, image.data());
  executor.forward(1, 0, 0);
  for (const int v : use.starts) {
    const View seed = executor.gradient(v);
    std::fill_n(seed.data, seed.count(), 1.0f);
  }
  if (!use.starts.empty()) executor.backward();
  for (const int v : use.keep) {
    const ConstView value = executor.value(v);
    outcome.values.emplace_back(value.data, value.data + value.count());
    if (const View gradient = executor.gradient(v)) {
      outcome.gradients.emplace_back(gradient.data, gradient.data + gradient.count());
    }
  }
  return outcome;
}

std::vector<int> values_of(const std::vector<std::string>& names) {
  const Network network(spec_of(kModel), false);
  std::vector<int> ids;
  for (const std::string& name : names) {
    ids.push_back(network.test_graph().find_value(name));
    REQUIRE(ids.back() >= 0);
  }
  return ids;
}

}  // namespace

TEST_CASE("values are read as the model file has them, joined or not") {
  const std::vector<int> keep = values_of({"conv1", "bn1", "out"});
  Network::Use use{Pass::predicting(), 1, keep};
  const Outcome joined = run(use);
  use.fused = false;
  const Outcome single = run(use);
  CHECK(joined.layers.size() < single.layers.size());
  CHECK(single.layers == std::vector<std::string>{"conv1", "bn1", "bn1.act", "conv2", "conv2.act",
                                                  "3", "out", "loss.cross_entropy"});
  REQUIRE(joined.values.size() == 3);
  for (size_t i = 0; i < 3; ++i) {
    REQUIRE(joined.values[i].size() == single.values[i].size());
    for (size_t k = 0; k < single.values[i].size(); ++k) {
      CHECK(joined.values[i][k] == Approx(single.values[i][k]).margin(1e-5));
    }
  }
}

TEST_CASE("only what leads to the wanted values is run") {
  Network::Use use{Pass::predicting(), 1, values_of({"bn1"})};
  const Outcome whole = run(use);
  use.whole = false;
  const Outcome part = run(use);
  CHECK(part.layers.size() == 1);
  CHECK(part.values == whole.values);
}

TEST_CASE("backward from a layer gives the gradients of what lies below it") {
  const std::vector<int> ids = values_of({"image", "conv1", "conv2"});
  Network::Use use{{Phase::kTest, Pass::Gradients::kInput, Pass::Rule::kGradient, false}, 1, ids};
  use.starts = {ids[2]};
  const Outcome whole = run(use);
  use.whole = false;
  const Outcome part = run(use);
  REQUIRE(whole.gradients.size() == 3);
  CHECK(part.gradients == whole.gradients);
  CHECK(part.layers == std::vector<std::string>{"conv1", "bn1", "bn1.act", "conv2", "conv2.act"});
  CHECK(std::any_of(whole.gradients[0].begin(), whole.gradients[0].end(),
                    [](float g) { return g != 0; }));
}

}  // namespace cnn

#include <algorithm>

#include "support/catch.h"
#include "support/text.h"
#include "viz/small_network.h"
#include "viz/support.h"

namespace cnn {
namespace {

constexpr const char* kModel = R"(
name: small
input: {image: [1, 6, 5]}
layers:
  - {conv: 3, kernel: 1, bias: false, act: relu, name: c1}
  - flatten
  - {linear: 7, act: tanh, name: f}
  - {linear: 3, name: out}
loss: {cross_entropy: out, target: label}
)";

void set_weights(ParameterStore& store) {
  store.import_values(store.find("c1.weight"), std::vector<float>{1, -1, 2});
}

}  // namespace

TEST_CASE("maps stand strongest first, with the numbers of the layer") {
  const SmallNetwork network(kModel, {1, 6, 5}, 12, set_weights);
  const VizResult result =
      run_kind("activations", network.request(), {{"layer", {"c1"}}, {"first", {"4"}}});
  REQUIRE(result.figures.size() == 1);
  const auto& maps = result.numbers["pictures"][0]["layers"][0]["maps"];
  const float most = *std::max_element(network.picture(4), network.picture(5));
  CHECK(maps[0]["map"] == 2);
  CHECK(maps[0]["largest"].get<float>() == 2 * most);
  CHECK(maps[1]["map"] == 0);
  CHECK(maps[2]["largest"] == 0);
  CHECK(maps[2]["active"] == 0);
  CHECK(result.numbers["pictures"][0]["name"] == "test 4");
  // The picture, three maps, the bar.
  CHECK(pictures_of(result.figures[0].drawing).size() == 5);
}

TEST_CASE("a layer without maps is one picture, row by row") {
  const SmallNetwork network(kModel, {1, 6, 5}, 12, set_weights);
  const VizResult result =
      run_kind("activations", network.request(), {{"layer", {"f"}}, {"samples", {"2"}}});
  CHECK(result.figures.size() == 2);
  const std::vector<Image> pictures = pictures_of(result.figures[1].drawing);
  REQUIRE(pictures.size() == 3);
  CHECK(pictures[1].width == 3);
  const std::vector<std::string> texts = texts_of(result.figures[1].drawing);
  CHECK(std::count(texts.begin(), texts.end(), "[7] of test 6") == 1);
  CHECK(pictures[1].height == 3);
}

TEST_CASE("networks without maps show their linear layers") {
  const SmallNetwork network(
      "name: flat\ninput: {image: [1, 4, 4]}\nlayers: [flatten, {linear: 5, act: relu, name: h}, "
      "{linear: 3, name: out}]\nloss: {cross_entropy: out, target: label}\n",
      {1, 4, 4});
  const VizResult result = run_kind("activations", network.request());
  REQUIRE(result.figures.size() == 2);
  CHECK(result.figures[0].name == "activations_h");
  CHECK(result.figures[1].name == "activations_out");
}

TEST_CASE("a name means the value behind the activation") {
  const SmallNetwork network(kModel, {1, 6, 5}, 12, set_weights);
  const VizResult result = run_kind("activations", network.request(), {{"layer", {"c1"}}});
  for (const auto& map : result.numbers["pictures"][0]["layers"][0]["maps"]) {
    CHECK(map["largest"].get<double>() >= 0);
  }
}

}  // namespace cnn

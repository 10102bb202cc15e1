#include "support/catch.h"
#include "support/text.h"
#include "viz/small_network.h"
#include "viz/support.h"

namespace cnn {
namespace {

constexpr const char* kModel = R"(
name: small
input: {image: [2, 5, 4]}
layers:
  - {conv: 3, kernel: 1, act: relu, name: c1}
  - gap
  - {linear: 3, name: out}
  - side: [{conv: 2, kernel: 1, name: c9}, gap, {linear: 3, name: fc}]
    from: c1
    name: aux
loss: {cross_entropy: out, target: label}
)";

}  // namespace

TEST_CASE("the map is what the paper's formula gives") {
  const SmallNetwork network(kModel, {2, 5, 4});
  const VizResult result = run_kind("gradcam", network.request(),
                                    {{"layer", {"c1"}}, {"class", {"cat", "0"}}, {"first", {"3"}}});
  REQUIRE(result.numbers["pictures"].size() == 16);  // two classes for each of eight
  const std::vector<float> w1 = network.weights("c1.weight"), b1 = network.weights("c1.bias");
  const std::vector<float> w2 = network.weights("out.weight");
  for (const size_t row : {0, 1}) {
    const size_t number = row == 0 ? 2 : 0;
    const auto& of = result.numbers["pictures"][row];
    CHECK(of["class"] == (row == 0 ? "cat" : "ant"));
    CHECK(of["layers"][0]["cam"]["shape"] == Json({1, 5, 4}));
    const std::vector<float> cam = values_of(of["layers"][0]["cam"]);
    for (size_t p = 0; p < 20; ++p) {
      double sum = 0;
      for (size_t k = 0; k < 3; ++k) {
        const double a = static_cast<double>(w1[2 * k]) * network.picture(3)[p] +
                         static_cast<double>(w1[2 * k + 1]) * network.picture(3)[20 + p] + b1[k];
        sum += w2[number * 3 + k] / 20.0 * std::max(a, 0.0);
      }
      CHECK(cam[p] == Approx(std::max(sum, 0.0)).margin(1e-6));
    }
  }
}

TEST_CASE("gradcam says what is wrong") {
  const SmallNetwork network(kModel, {2, 5, 4});
  CHECK(contains(kind_error("gradcam", network.request(), {{"layer", {"out"}}}),
                 "'out' gives [3]; 'gradcam' takes convolutions"));
  CHECK(contains(kind_error("gradcam", network.request(), {{"layer", {"aux.c9"}}}),
                 "scores do not follow from layer 'aux.c9'"));
  const SmallNetwork flat(
      "name: flat\ninput: {image: [1, 4, 4]}\nlayers: [flatten, {linear: 3, name: out}]\n"
      "loss: {cross_entropy: out, target: label}\n",
      {1, 4, 4});
  CHECK(contains(kind_error("gradcam", flat.request()), "convolutions"));
}

TEST_CASE("a network that classifies pixels is asked about a class's pixels") {
  const SmallNetwork network(
      "name: pixels\ninput: {image: [1, 4, 4]}\n"
      "layers: [{conv: 3, kernel: 1, act: relu, name: c}, {conv: 2, kernel: 1, name: out}]\n"
      "loss: {cross_entropy: out, target: mask}\n",
      {1, 4, 4});
  const VizResult result = run_kind("gradcam", network.request(),
                                    {{"layer", {"c"}}, {"class", {"1"}}, {"samples", {"1"}}});
  CHECK(result.numbers["pictures"][0]["layers"][0]["cam"]["shape"] == Json({1, 4, 4}));
}

}  // namespace cnn

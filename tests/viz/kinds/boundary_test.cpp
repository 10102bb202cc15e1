// The kind `boundary`: networks whose boundaries are known, for their weights are set by hand.

#include <cmath>

#include "support/catch.h"
#include "support/text.h"
#include "viz/small_network.h"
#include "viz/support.h"

using namespace cnn;

namespace {

// Class 0 where the first number is above 0.5, class 1 below, class 2 nowhere.
constexpr const char* kHalves = R"(name: halves
input: {image: [2]}
layers:
  - linear: 3
    init: {weight: {values: [[40, 0], [-40, 0], [0, 0]]}, bias: {values: [-20, 20, -50]}}
    name: out
loss: {cross_entropy: out, target: label}
)";

// Red, green and blue of a cell of the plane.
std::vector<int> cell(const Image& image, int64_t row, int64_t column) {
  const auto at = static_cast<size_t>(3 * (row * image.width + column));
  return {image.values[at], image.values[at + 1], image.values[at + 2]};
}

}  // namespace

TEST_CASE("a boundary lies where the weights have it") {
  const SmallNetwork network(kHalves, {2}, 60);
  const VizResult result = run_kind("boundary", network.request(), {{"cells", {"100"}}});
  REQUIRE(result.figures.size() == 1);
  CHECK(result.figures[0].name == "boundary");
  const Image plane = pictures_of(result.figures[0].drawing).at(0);
  REQUIRE(plane.width == 100);
  const double low = result.numbers["x"][0].get<double>(),
               high = result.numbers["x"][1].get<double>();
  const double share = (high - 0.5) / (high - low);
  CHECK(result.numbers["areas"][0].get<double>() == Approx(share).margin(0.011));
  CHECK(result.numbers["areas"][1].get<double>() == Approx(1 - share).margin(0.011));
  CHECK(result.numbers["areas"][2].get<double>() == 0);
  // The second number changes nothing; left and right are of other colours.
  for (const int64_t row : {1, 50, 98}) {
    CHECK(cell(plane, row, 2) == cell(plane, 0, 2));
    CHECK(cell(plane, row, 97) == cell(plane, 0, 97));
  }
  CHECK(cell(plane, 0, 2) != cell(plane, 0, 97));

  double right = 0;
  for (int64_t i = 0; i < 60; ++i) {
    const int64_t says = network.picture(i)[0] > 0.5F ? 0 : 1;
    right += says == i % 3 ? 1.0 / 60 : 0;
  }
  CHECK(result.numbers["accuracy"].get<double>() == Approx(right));
}

TEST_CASE("the upper half of the plane is where the second number is large") {
  const std::string text = R"(name: tilted
input: {image: [2]}
layers:
  - {linear: 3, init: {weight: {values: [[0, 40], [0, -40], [0, 0]]}, bias: {values: [-20, 20, -50]}}, name: out}
loss: {cross_entropy: out, target: label}
)";
  const SmallNetwork upper(text, {2}, 40), across(kHalves, {2}, 40);
  const auto plane = [](const SmallNetwork& network) {
    const VizResult result = run_kind("boundary", network.request(), {{"cells", {"50"}}});
    return pictures_of(result.figures[0].drawing).at(0);
  };
  CHECK(cell(plane(upper), 0, 25) == cell(plane(across), 25, 49));
  CHECK(cell(plane(upper), 49, 25) == cell(plane(across), 25, 0));
}

TEST_CASE("one score is of two classes, and axes are in the data's own numbers") {
  const TemporaryFolder folder;
  folder.file("points.csv", "a,b,kind\n100,1,0\n200,2,0\n300,3,1\n400,4,1\n150,4,0\n350,1,1\n");
  const std::string data = fmt::format(
      "data: {{format: csv, root: '{}', train: points.csv, test: points.csv, columns: {{inputs: "
      "[a, "
      "b], label: kind}}, mean: [250, 2.5], std: [100, 1]}}\n",
      folder.str());
  // Above 250, that is 0 as the network reads it.
  VizRequest request = request_of(
      "name: half\ninput: {image: [2]}\nlayers:\n  - {linear: 1, init: {weight: {values: [[9, "
      "0]]}, "
      "bias: {constant: 0}}, name: out}\nloss: {hinge: out, target: label}\n" +
      data);
  const SmallNetwork weights(
      "name: half\ninput: {image: [2]}\nlayers:\n  - {linear: 1, init: {weight: {values: [[9, "
      "0]]}, "
      "bias: {constant: 0}}, name: out}\n",
      {2});
  request.subjects[0].weights = weights.request().subjects[0].weights;
  const VizResult result = run_kind("boundary", request, {{"cells", {"64"}}});
  CHECK(result.numbers["accuracy"] == 1.0);
  CHECK(result.numbers["areas"][0].get<double>() == Approx(0.5));
  CHECK(result.numbers["x"][0].get<double>() == Approx(100 - 0.08 * 300));
  CHECK(result.numbers["x"][1].get<double>() == Approx(400 + 0.08 * 300));
  CHECK(result.numbers["y"][1].get<double>() == Approx(4 + 0.08 * 3));
}

TEST_CASE("a network of more numbers, or without classes, has no boundaries to show") {
  const SmallNetwork three(
      "name: t\ninput: {image: [3]}\nlayers: [{linear: 3, name: out}]\nloss: {cross_entropy: out, "
      "target: label}\n",
      {3});
  CHECK(kind_error("boundary", three.request())
            .find("'boundary' takes networks that read two numbers; 't' reads [3]") !=
        std::string::npos);
  const SmallNetwork coder(
      "name: t\ninput: {image: [2]}\nlayers: [{linear: 2, name: out}]\nloss: {mse: out, target: "
      "image}\n",
      {2});
  CHECK(kind_error("boundary", coder.request())
            .find("'boundary' takes networks that tell classes apart; 't' does not") !=
        std::string::npos);

  const TemporaryFolder folder;
  folder.file("points.csv", "a,b,price\n1,1,0.5\n2,2,1.5\n3,3,2.5\n");
  const std::string network = "name: t\ninput: {image: [2]}\nlayers: [{linear: 1, name: out}]\n";
  VizRequest request = request_of(
      network + "loss: {mse: out, target: target}\n" +
      fmt::format("data: {{format: csv, root: '{}', train: points.csv, test: points.csv, columns: "
                  "{{inputs: [a, b], targets: price}}}}\n",
                  folder.str()));
  const SmallNetwork weights(network, {2});
  request.subjects[0].weights = weights.request().subjects[0].weights;
  CHECK(contains(kind_error("boundary", request),
                 "'boundary' takes networks that tell classes apart; 't' does not"));
}

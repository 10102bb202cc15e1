#include "support/catch.h"
#include "support/text.h"
#include "viz/small_network.h"
#include "viz/support.h"

namespace cnn {
namespace {

constexpr const char* kLinear = R"(
name: straight
input: {image: [2, 4, 3]}
layers: [flatten, {linear: 3, name: out}]
loss: {cross_entropy: out, target: label}
)";

constexpr const char* kDeep = R"(
name: deep
input: {image: [1, 8, 8]}
layers:
  - {conv: 4, kernel: 3, pad: 1, act: tanh}
  - {maxpool: 2}
  - flatten
  - {linear: 3, name: out}
loss: {cross_entropy: out, target: label}
)";

}  // namespace

TEST_CASE("through a linear layer the gradient of a class's score is its weights") {
  const SmallNetwork network(kLinear, {2, 4, 3});
  const std::vector<float> weights = network.weights("out.weight");
  const std::vector<float> row(weights.begin() + 24, weights.begin() + 48);
  const VizResult result =
      run_kind("saliency", network.request(), {{"class", {"bee"}}, {"samples", {"2"}}});
  const auto& picture = result.numbers["pictures"][1];
  CHECK(picture["class"] == "bee");
  CHECK(picture["gradient"]["shape"] == Json({2, 4, 3}));
  CHECK(values_of(picture["gradient"]) == row);
  SECTION("and so is the mean over noise") {
    const VizResult smooth = run_kind("saliency", network.request(),
                                      {{"class", {"1"}}, {"smooth", {"11"}}, {"noise", {"0.3"}}});
    const std::vector<float> mean = values_of(smooth.numbers["pictures"][0]["gradient"]);
    for (size_t i = 0; i < row.size(); ++i) CHECK(mean[i] == Approx(row[i]).margin(1e-6));
  }
}

TEST_CASE("without a class the likeliest one is explained") {
  const SmallNetwork network(kLinear, {2, 4, 3});
  const VizResult result = run_kind("saliency", network.request());
  REQUIRE(result.numbers["pictures"].size() == 8);
  for (const auto& picture : result.numbers["pictures"]) {
    CHECK(picture["probability"].get<double>() > 1.0 / 3);
  }
}

TEST_CASE("the noise is that of the seed") {
  const SmallNetwork network(kDeep, {1, 8, 8});
  const auto gradient = [&](const std::string& seed) {
    return values_of(run_kind("saliency", network.request(),
                              {{"samples", {"1"}}, {"smooth", {"9"}}, {"seed", {seed}}})
                         .numbers["pictures"][0]["gradient"]);
  };
  CHECK(gradient("1") == gradient("1"));
  CHECK(gradient("1") != gradient("2"));
}

TEST_CASE("saliency says what is wrong") {
  const SmallNetwork network(kDeep, {1, 8, 8});
  const std::string unknown = kind_error("saliency", network.request(), {{"class", {"bea"}}});
  CHECK(contains(unknown, "no class 'bea'"));
  CHECK(contains(unknown, "did you mean 'bee'?"));
  CHECK(contains(kind_error("saliency", network.request(), {{"class", {"3"}}}), "0 to 2"));
  const SmallNetwork coder(
      "name: coder\ninput: {image: [1, 4, 4]}\n"
      "layers: [flatten, {linear: 16}, {reshape: [1, 4, 4], name: recon}]\n"
      "loss: {mse: recon, target: image}\n",
      {1, 4, 4});
  CHECK(contains(kind_error("saliency", coder.request()), "compares no classes"));
  const SmallNetwork flat(
      "name: flat\ninput: {x: [6]}\nlayers: [{linear: 3, name: out}]\n"
      "loss: {cross_entropy: out, target: label}\n",
      {6});
  CHECK(contains(kind_error("saliency", flat.request()), "'flat' takes [6]"));
}

}  // namespace cnn

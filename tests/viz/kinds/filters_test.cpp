#include "base/text.h"
#include "support/catch.h"
#include "support/text.h"
#include "viz/small_network.h"
#include "viz/support.h"

namespace cnn {
namespace {

constexpr const char* kModel = R"(
name: small
input: {image: [3, 8, 8]}
layers:
  - {conv: 4, kernel: 3, act: relu, name: c1}
  - {conv: 5, kernel: 3, name: c2}
  - flatten
  - {linear: 3, name: out}
loss: {cross_entropy: out, target: label}
)";

}  // namespace

TEST_CASE("filters of the first layer are in colour, those of deeper ones by channel") {
  const SmallNetwork network(kModel, {3, 8, 8});
  const VizResult result = run_kind("filters", network.request());
  REQUIRE(result.figures.size() == 2);
  CHECK(result.figures[0].name == "filters_c1");
  const std::vector<Image> first = pictures_of(result.figures[0].drawing);
  REQUIRE(first.size() == 4);
  CHECK(first[0].channels == 3);
  CHECK(first[0].height == 3);
  // The largest weight of filter 0 is at an end, 0 would be 127.5.
  const std::vector<float> weights = network.weights("c1.weight");
  size_t largest = 0;
  for (size_t i = 0; i < 27; ++i) {
    if (std::abs(weights[i]) > std::abs(weights[largest])) largest = i;
  }
  const size_t channel = largest / 9, pixel = largest % 9;
  CHECK(first[0].values[3 * pixel + channel] == (weights[largest] > 0 ? 255 : 0));
  // 5 x 4 channels, and the bar.
  CHECK(pictures_of(result.figures[1].drawing).size() == 5 * 4 + 1);
  const auto& numbers = result.numbers["layers"][0];
  CHECK(numbers["filters"] == 4);
  double squares = 0;
  for (size_t i = 0; i < 27; ++i) squares += static_cast<double>(weights[i]) * weights[i];
  CHECK(numbers["norms"][0].get<double>() == Approx(std::sqrt(squares)));
}

TEST_CASE("a linear layer behind flattened maps has pictures of these maps") {
  const SmallNetwork network(kModel, {3, 8, 8});
  const VizResult result = run_kind("filters", network.request(), {{"layer", {"out"}}});
  CHECK(result.numbers["layers"][0]["channels"] == 5);
  CHECK(result.numbers["layers"][0]["kernel"] == Json({4, 4}));
}

TEST_CASE("it does not matter how maps became a vector, if all of their numbers are in it") {
  const std::string flatten = "- flatten";
  const auto with = [&](const std::string& items) {
    std::string changed = kModel;
    return changed.replace(changed.find(flatten), flatten.size(), items);
  };
  const SmallNetwork reshaped(with("- {reshape: [80]}\n  - {dropout: 0.5}"), {3, 8, 8});
  const VizResult result = run_kind("filters", reshaped.request(), {{"layer", {"out"}}});
  CHECK(result.numbers["layers"][0]["kernel"] == Json({4, 4}));
  const SmallNetwork rows(with("- {reshape: [16, 5]}\n  - {linear: 2, name: rows}\n  - flatten"),
                          {3, 8, 8});
  CHECK(contains(kind_error("filters", rows.request(), {{"layer", {"rows"}}}), "rows"));
}

TEST_CASE("what adds pixels to an image or takes some away leaves its colours to the next layer") {
  const auto first_of = [](const std::string& before) {
    const SmallNetwork network("name: small\ninput: {image: [3, 8, 8]}\nlayers:\n" + before +
                                   "  - {conv: 4, kernel: 3, name: c1}\n  - flatten\n"
                                   "  - {linear: 3, name: out}\n"
                                   "loss: {cross_entropy: out, target: label}\n",
                               {3, 8, 8});
    const VizResult result = run_kind("filters", network.request(), {{"layer", {"c1"}}});
    return pictures_of(result.figures[0].drawing);
  };
  for (const char* before :
       {"", "  - {pad: 1}\n", "  - {pad: [0, 1, 0, 1], mode: reflect}\n  - {crop: 6}\n",
        "  - {dropout: 0.1}\n  - {pad: 2}\n", "  - {avgpool: 2}\n"}) {
    INFO(before);
    const std::vector<Image> pictures = first_of(before);
    REQUIRE(pictures.size() == 4);
    CHECK(pictures[0].channels == 3);
  }
  // Three channels that are not the image's: a picture a channel, and the bar.
  CHECK(first_of("  - {conv: 3, kernel: 1, name: c0}\n  - {pad: 1}\n").size() == 4 * 3 + 1);
  CHECK(first_of("  - {pad_channels: 4}\n").size() == 4 * 4 + 1);
}

TEST_CASE("a linear layer sees the image itself and no maps of its size") {
  const auto of = [](const std::string& before) {
    const SmallNetwork network("name: small\ninput: {image: [3, 8, 8]}\nlayers:\n" + before +
                                   "  - flatten\n  - {linear: 3, name: out}\n"
                                   "loss: {cross_entropy: out, target: label}\n",
                               {3, 8, 8});
    return pictures_of(
        run_kind("filters", network.request(), {{"layer", {"out"}}}).figures[0].drawing);
  };
  CHECK(of("").size() == 3);
  CHECK(of("  - {conv: 3, kernel: 1, name: c}\n").size() == 3 * 3 + 1);
}

TEST_CASE("filters over volumes show their slices one below the other") {
  const SmallNetwork network(
      "name: volumes\ninput: {clip: [1, 4, 6, 6]}\n"
      "layers: [{conv: 2, kernel: [2, 3, 3], name: c1}, gap, {linear: 3, name: out}]\n"
      "loss: {cross_entropy: out, target: label}\n",
      {1, 4, 6, 6});
  const VizResult result = run_kind("filters", network.request());
  CHECK(result.numbers["layers"][0]["kernel"] == Json({2, 3, 3}));
  CHECK(result.numbers["layers"][0]["channels"] == 1);
  const std::vector<Image> pictures = pictures_of(result.figures[0].drawing);
  REQUIRE(pictures.size() >= 2);
  CHECK(pictures[0].height == 6);
  CHECK(pictures[0].width == 3);
  CHECK(contains(join(texts_of(result.figures[0].drawing), " "),
                 "2 filters of 1 x 2 x 3 x 3, slices"));
}

TEST_CASE("kinds that look at pictures refuse networks over volumes") {
  const SmallNetwork network(
      "name: volumes\ninput: {clip: [1, 4, 6, 6]}\n"
      "layers: [{conv: 2, kernel: 3, name: c1}, gap, {linear: 3, name: out}]\n"
      "loss: {cross_entropy: out, target: label}\n",
      {1, 4, 6, 6});
  for (const char* kind : {"deconv", "saliency", "gradcam", "occlusion", "actmax", "receptive",
                           "reconstruct", "interpolate"}) {
    INFO(kind);
    CHECK(
        contains(kind_error(kind, network.request()), "needs a network that sees images [C,H,W]"));
  }
}

TEST_CASE("what has no filters is told so, with the nearest name") {
  const SmallNetwork network(kModel, {3, 8, 8});
  CHECK(contains(kind_error("filters", network.request(), {{"layer", {"c3"}}}), "'c"));
  CHECK(contains(kind_error("filters", network.request(), {{"layer", {"c3"}}}), "no layer 'c3'"));
  const SmallNetwork flat(
      "name: flat\ninput: {x: [6]}\nlayers: [{linear: 3, name: out}]\n"
      "loss: {cross_entropy: out, target: label}\n",
      {6});
  CHECK(contains(kind_error("filters", flat.request()), "conv"));
}

}  // namespace cnn

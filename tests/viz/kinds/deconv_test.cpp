#include <algorithm>

#include "base/parallel.h"
#include "support/catch.h"
#include "support/text.h"
#include "viz/small_network.h"
#include "viz/support.h"

namespace cnn {
namespace {

// Map 0 adds up a window of 3 x 3, map 1 is never above 0.
constexpr const char* kModel = R"(
name: small
input: {image: [1, 8, 8]}
layers:
  - {conv: 2, kernel: 3, bias: false, act: relu, name: c1}
  - {maxpool: 2, name: p1}
  - {conv: 2, kernel: 2, act: relu, name: c2}
  - flatten
  - {linear: 3, name: out}
loss: {cross_entropy: out, target: label}
)";

void set_weights(ParameterStore& store) {
  std::vector<float> weights(18, 1.0f);
  std::fill(weights.begin() + 9, weights.end(), -1.0f);
  store.import_values(store.find("c1.weight"), weights);
}

struct Best {
  float value = 0;
  int64_t sample = 0, y = 0, x = 0;
};

// The largest window sum of every sample, largest first.
std::vector<Best> largest_windows(const SmallNetwork& network) {
  std::vector<Best> all;
  for (int64_t n = 0; n < 12; ++n) {
    Best best;
    for (int64_t y = 0; y < 6; ++y) {
      for (int64_t x = 0; x < 6; ++x) {
        float sum = 0;
        for (int64_t k = 0; k < 9; ++k) sum += network.picture(n)[(y + k / 3) * 8 + x + k % 3];
        if (sum > best.value) best = {sum, n, y, x};
      }
    }
    all.push_back(best);
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Best& a, const Best& b) { return a.value > b.value; });
  return all;
}

}  // namespace

TEST_CASE("the strongest activations of a map are found with their places") {
  const SmallNetwork network(kModel, {1, 8, 8}, 12, set_weights);
  const std::vector<Best> expected = largest_windows(network);
  for (const std::string batch : {"1", "5", "12"}) {
    const VizResult result =
        run_kind("deconv", network.request(), {{"layer", {"c1"}}, {"batch_size", {batch}}});
    CHECK(result.numbers["samples"] == 12);
    const auto& maps = result.numbers["layers"][0]["maps"];
    REQUIRE(maps.size() == 1);  // map 1 never answers
    const auto& found = maps[0]["activations"];
    REQUIRE(found.size() == 9);
    for (size_t i = 0; i < 9; ++i) {
      CHECK(found[i]["sample"] == fmt::format("test {}", expected[i].sample));
      CHECK(found[i]["value"].get<float>() == Approx(expected[i].value));
      CHECK(found[i]["box"] == Json({expected[i].x, expected[i].y, int64_t{3}, int64_t{3}}));
    }
  }
}

TEST_CASE("a sheet has the projections beside their patches") {
  const SmallNetwork network(kModel, {1, 8, 8}, 12, set_weights);
  const VizResult result =
      run_kind("deconv", network.request(), {{"layer", {"c1"}}, {"top", {"1"}}});
  const std::vector<Image> pictures = pictures_of(result.figures.at(0).drawing);
  REQUIRE(pictures.size() == 2);
  // All weights are 1, so the projection of one activation is even: white all over.
  CHECK(std::all_of(pictures[0].values.begin(), pictures[0].values.end(),
                    [](uint8_t v) { return v == 255; }));
  const Best best = largest_windows(network)[0];
  const float first = network.picture(best.sample)[best.y * 8 + best.x];
  CHECK(pictures[1].values[0] == Approx(255 * first).margin(1));
  // Patches of 3 x 3 become 63 x 63; a line that none of them hides stands between them.
  const VizResult five = run_kind("deconv", network.request(), {{"layer", {"c1"}}, {"top", {"5"}}});
  const Image block = pictures_of(five.figures.at(0).drawing)[1];
  REQUIRE(block.width == 3 * 63 + 2 * 2);
  REQUIRE(block.channels == 3);
  CHECK(block.row(63)[0] < block.row(63)[2]);     // the line
  CHECK(block.row(20)[60] == block.row(20)[62]);  // grey
  CHECK(block.row(190)[3 * 190] == 255);          // no patch
}

TEST_CASE("deconv gives the same bits on one thread and on three, by every rule") {
  const SmallNetwork network(kModel, {1, 8, 8}, 12);
  const int before = threads();
  for (const std::string rule : {"gradient", "guided", "deconvnet"}) {
    set_threads(1);
    const VizResult one = run_kind("deconv", network.request(), {{"rule", {rule}}});
    set_threads(3);
    const VizResult three = run_kind("deconv", network.request(), {{"rule", {rule}}});
    CHECK(one.numbers == three.numbers);
    REQUIRE(one.figures.size() == three.figures.size());
    for (size_t i = 0; i < one.figures.size(); ++i) {
      const std::vector<Image> a = pictures_of(one.figures[i].drawing);
      const std::vector<Image> b = pictures_of(three.figures[i].drawing);
      REQUIRE(a.size() == b.size());
      for (size_t k = 0; k < a.size(); ++k) CHECK(a[k].values == b[k].values);
    }
  }
  set_threads(before);
}

TEST_CASE("a map that never answers is shown only if it is asked for") {
  const SmallNetwork network(kModel, {1, 8, 8}, 12, set_weights);
  const VizResult result =
      run_kind("deconv", network.request(), {{"layer", {"c1"}}, {"map", {"1"}}});
  const auto& maps = result.numbers["layers"][0]["maps"];
  REQUIRE(maps.size() == 1);
  CHECK(maps[0]["map"] == 1);
  CHECK(maps[0]["activations"][0]["value"] == 0);
}

TEST_CASE("where strides do the work of max pooling the rule is guided") {
  const std::string tail =
      "  - flatten\n  - {linear: 3, name: out}\nloss: {cross_entropy: out, target: label}\n";
  const std::string head = "name: small\ninput: {image: [1, 8, 8]}\nlayers:\n";
  const std::string conv = "  - {conv: 4, kernel: 3, act: relu, name: c1}\n";
  const std::string conv2 = "  - {conv: 4, kernel: 3, stride: 2, act: relu, name: c2}\n";
  const auto rule_of = [](const SmallNetwork& network) {
    return run_kind("deconv", network.request()).numbers["rule"];
  };
  CHECK(rule_of(SmallNetwork(head + conv + "  - {maxpool: 2}\n" + tail, {1, 8, 8})) == "deconvnet");
  CHECK(rule_of(SmallNetwork(head + conv + conv2 + tail, {1, 8, 8})) == "guided");
  const SmallNetwork strided(head + conv + conv2 + tail, {1, 8, 8});
  const VizResult asked = run_kind("deconv", strided.request(), {{"rule", {"deconvnet"}}});
  CHECK(asked.numbers["rule"] == "deconvnet");
}

TEST_CASE("layers are looked at behind their normalisation and the sum they are a branch of") {
  const SmallNetwork network(
      "name: small\ninput: {image: [1, 8, 8]}\nlayers:\n"
      "  - {conv: 4, kernel: 3, pad: 1, name: c1}\n"
      "  - {bn, act: relu, name: b1}\n"
      "  - {conv: 4, kernel: 3, pad: 1, name: c2}\n"
      "  - {bn, name: b2}\n"
      "  - {add: [b2, b1], act: relu, name: sum}\n"
      "  - flatten\n  - {linear: 3, name: out}\nloss: {cross_entropy: out, target: label}\n",
      {1, 8, 8});
  const VizResult result = run_kind("deconv", network.request());
  REQUIRE(result.numbers["layers"].size() == 2);
  CHECK(result.numbers["layers"][0]["layer"] == "b1");
  CHECK(result.numbers["layers"][1]["layer"] == "sum");
}

TEST_CASE("deconv says what is wrong") {
  const SmallNetwork network(kModel, {1, 8, 8}, 12, set_weights);
  CHECK(contains(kind_error("deconv", network.request(), {{"layer", {"c11"}}}), "no layer 'c11'"));
  CHECK(contains(kind_error("deconv", network.request(), {{"layer", {"c1"}}, {"map", {"2"}}}),
                 "'c1' has no map 2: its maps are 0 to 1"));
  const SmallNetwork flat(
      "name: flat\ninput: {image: [1, 4, 4]}\nlayers: [flatten, {linear: 3, name: out}]\n"
      "loss: {cross_entropy: out, target: label}\n",
      {1, 4, 4});
  CHECK(contains(kind_error("deconv", flat.request()), "convolutions"));
}

}  // namespace cnn

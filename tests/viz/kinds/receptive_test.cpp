#include "support/catch.h"
#include "support/text.h"
#include "viz/small_network.h"
#include "viz/support.h"

namespace cnn {
namespace {

constexpr const char* kModel = R"(
name: small
input: {image: [1, 16, 16]}
layers:
  - {conv: 2, kernel: 3, pad: 1, act: tanh, name: c1}
  - {maxpool: 2, name: p1}
  - {conv: 2, kernel: 3, act: tanh, name: c2}
  - flatten
  - {linear: 3, name: out}
loss: {cross_entropy: out, target: label}
)";

// By stroke, in the order in which they are drawn.
std::vector<bool> dashed_ones(const Drawing& drawing) {
  std::vector<bool> dashed;
  for (const Drawing::Element& element : drawing.elements()) {
    const auto* r = std::get_if<Drawing::Rectangle>(&element);
    if (r != nullptr && r->stroke.paint.role() == Paint::Role::kSeries) {
      dashed.push_back(r->stroke.dashed);
    }
  }
  return dashed;
}

}  // namespace

TEST_CASE("what a unit can see is drawn over what is measured, which it may hide") {
  const SmallNetwork network(kModel, {1, 16, 16});
  const VizResult result = run_kind("receptive", network.request(), {{"layer", {"c1"}}});
  CHECK(dashed_ones(result.figures.at(0).drawing) == std::vector<bool>{false, true});
}

TEST_CASE("what is measured lies within what kernels and strides allow") {
  const SmallNetwork network(kModel, {1, 16, 16});
  const VizResult result = run_kind("receptive", network.request(), {{"share", {"1"}}});
  const auto& layers = result.numbers["layers"];
  REQUIRE(layers.size() == 3);
  CHECK(layers[0]["theoretical"] == Json({7, 7, 3, 3}));
  CHECK(layers[1]["theoretical"] == Json({7, 7, 4, 4}));
  // Unit 3 of 6: rows 3 to 5 of the pool, 6 to 11 of c1, 5 to 12 of the picture.
  CHECK(layers[2]["theoretical"] == Json({5, 5, 8, 8}));
  for (const auto& layer : layers) {
    const auto box = layer["theoretical"].get<std::vector<int64_t>>();
    const std::vector<float> influence = values_of(layer["influence"]);
    double sum = 0;
    for (int64_t y = 0; y < 16; ++y) {
      for (int64_t x = 0; x < 16; ++x) {
        const bool inside =
            x >= box[0] && y >= box[1] && x < box[0] + box[2] && y < box[1] + box[3];
        const float value = influence[static_cast<size_t>(y * 16 + x)];
        if (!inside) CHECK(value == 0);
        sum += static_cast<double>(value);
      }
    }
    CHECK(sum > 0);
    const auto measured = layer["measured"].get<std::vector<int64_t>>();
    CHECK(measured[2] <= box[2]);
    CHECK(measured[3] <= box[3]);
  }
  // A picture and its measure for each layer.
  CHECK(pictures_of(result.figures.at(0).drawing).size() == 6);
}

TEST_CASE("receptive says what is wrong") {
  const SmallNetwork network(kModel, {1, 16, 16});
  CHECK(contains(kind_error("receptive", network.request(), {{"layer", {"out"}}}),
                 "'out' gives [3]"));
  CHECK(contains(
      kind_error("receptive", network.request(), {{"layer", {"c2"}}, {"position", {"6", "0"}}}),
      "'c2': 6 x 6"));
}

}  // namespace cnn

#include "support/catch.h"
#include "support/text.h"
#include "viz/small_network.h"
#include "viz/support.h"

namespace cnn {
namespace {

// Code and decoder copy the picture, so what is between two is the mixture of their pixels.
constexpr const char* kCoder = R"(
name: copy
input: {image: [1, 2, 2]}
layers:
  - flatten
  - {linear: 4, bias: false, name: code}
  - {linear: 4, bias: false, name: out}
  - {reshape: [1, 2, 2], name: recon}
outputs: {recon: recon, code: code}
loss: {mse: recon, target: image}
)";

void copy_pixels(ParameterStore& store) {
  std::vector<float> identity(16, 0.0f);
  for (size_t i = 0; i < 4; ++i) identity[5 * i] = 1;
  store.import_values(store.find("code.weight"), identity);
  store.import_values(store.find("out.weight"), identity);
}

}  // namespace

TEST_CASE("pictures lie on the line between two codes") {
  const SmallNetwork network(kCoder, {1, 2, 2}, 12, copy_pixels);
  const VizResult result = run_kind("interpolate", network.request(),
                                    {{"samples", {"4"}}, {"steps", {"5"}}, {"pixels", {"true"}}});
  REQUIRE(result.numbers["pairs"].size() == 2);
  CHECK(result.numbers["pairs"][1]["from"] == "test 6");
  const auto code = result.numbers["pairs"][1]["from_code"].get<std::vector<float>>();
  CHECK(code == std::vector<float>(network.picture(6), network.picture(7)));
  // 7 tiles and 5 mixtures for each pair.
  const std::vector<Image> pictures = pictures_of(result.figures.at(0).drawing);
  REQUIRE(pictures.size() == 24);
  CHECK(pictures[0].values == pictures[1].values);
  CHECK(pictures[5].values == pictures[6].values);
  for (size_t step = 0; step < 5; ++step) {
    for (size_t p = 0; p < 4; ++p) {
      CHECK(std::abs(pictures[1 + step].values[p] - pictures[7 + step].values[p]) <= 1);
    }
  }
}

TEST_CASE("one sample alone has nothing between") {
  const SmallNetwork network(kCoder, {1, 2, 2}, 12, copy_pixels);
  CHECK(
      contains(kind_error("interpolate", network.request(), {{"samples", {"1"}}}), "two or more"));
}

}  // namespace cnn

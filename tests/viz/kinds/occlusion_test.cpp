#include <algorithm>

#include "support/catch.h"
#include "support/text.h"
#include "viz/small_network.h"
#include "viz/support.h"

namespace cnn {
namespace {

constexpr const char* kModel = R"(
name: small
input: {image: [1, 8, 10]}
layers: [flatten, {linear: 3, bias: false, name: out}]
loss: {cross_entropy: out, target: label}
)";

// Class 1 looks at the pixel in row 5, column 6 alone.
void set_weights(ParameterStore& store) {
  std::vector<float> weights(3 * 80, 0.0f);
  weights[80 + 5 * 10 + 6] = 8;
  store.import_values(store.find("out.weight"), weights);
}

}  // namespace

TEST_CASE("the probability falls where what the class looks at is hidden") {
  const SmallNetwork network(kModel, {1, 8, 10}, 12, set_weights);
  const VizResult result = run_kind("occlusion", network.request(),
                                    {{"class", {"bee"}},
                                     {"square", {"3"}},
                                     {"step", {"2"}},
                                     {"grey", {"0"}},
                                     {"samples", {"1"}}});
  const auto& picture = result.numbers["pictures"][0];
  const std::vector<float> falls = values_of(picture["fall"]);
  REQUIRE(falls.size() == 80);
  const auto most = std::max_element(falls.begin(), falls.end()) - falls.begin();
  // The row's scale goes to its largest change, however small.
  const auto larger = [](float a, float b) { return std::abs(a) < std::abs(b); };
  const float change = std::abs(*std::max_element(falls.begin(), falls.end(), larger));
  const std::vector<std::string> texts = texts_of(result.figures.at(0).drawing);
  CHECK(std::count(texts.begin(), texts.end(),
                   fmt::format("-{0:.3g}% to +{0:.3g}%", 100 * static_cast<double>(change))) == 1);
  const float fall = *std::max_element(falls.begin(), falls.end());
  CHECK(std::count(texts.begin(), texts.end(),
                   fmt::format("falls by up to {:.1f}%", 100 * static_cast<double>(fall))) == 1);
  CHECK(std::any_of(texts.begin(), texts.end(),
                    [](const std::string& t) { return contains(t, "yellow line"); }));
  CHECK(falls[56] == *std::max_element(falls.begin(), falls.end()));
  CHECK(std::abs(most / 10 - 5) <= 2);
  // Far away nothing changes: not even by rounding.
  for (int64_t y = 0; y < 8; ++y) {
    for (int64_t x = 0; x < 10; ++x) {
      if (std::abs(y - 5) > 2 || std::abs(x - 6) > 2) {
        CHECK(falls[static_cast<size_t>(y * 10 + x)] == 0);
      }
    }
  }
  const double whole = picture["probability"].get<double>();
  CHECK(falls[56] <= whole - 1.0 / 3 + 1e-6);
}

TEST_CASE("a square that is larger than the picture is refused") {
  const SmallNetwork network(kModel, {1, 8, 10});
  CHECK(contains(kind_error("occlusion", network.request(), {{"square", {"9"}}}),
                 "--square 9 is larger than the picture: 8 x 10"));
}

}  // namespace cnn

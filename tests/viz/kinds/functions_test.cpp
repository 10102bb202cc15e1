// The kind `functions`: curves against their formulas.

#include <cmath>

#include "layers/catalog.h"
#include "support/catch.h"
#include "viz/small_network.h"
#include "viz/support.h"

using namespace cnn;

namespace {

struct Curve {
  std::vector<double> x, y, slope;
};

Curve curve_of(const Json& function) {
  return {function.at("x").get<std::vector<double>>(), function.at("y").get<std::vector<double>>(),
          function.at("derivative").get<std::vector<double>>()};
}

Curve named(const std::string& name) {
  const VizResult result = run_kind("functions", {}, {{"function", {name}}, {"range", {"4"}}});
  REQUIRE(result.numbers["functions"].size() == 1);
  return curve_of(result.numbers["functions"][0]);
}

}  // namespace

TEST_CASE("the curves of activations are their formulas, and so are the derivatives") {
  const Curve sigmoid = named("sigmoid"), relu = named("relu");
  REQUIRE(sigmoid.x.size() > 100);
  CHECK(sigmoid.x.front() == Approx(-4));
  CHECK(sigmoid.x.back() == Approx(4));
  for (size_t i = 0; i < sigmoid.x.size(); i += 7) {
    const double x = sigmoid.x[i], s = 1 / (1 + std::exp(-x));
    CHECK(sigmoid.y[i] == Approx(s).margin(1e-5));
    CHECK(sigmoid.slope[i] == Approx(s * (1 - s)).margin(1e-5));
    CHECK(relu.y[i] == Approx(std::max(x, 0.0)));
    if (x != 0) CHECK(relu.slope[i] == (x > 0 ? 1 : 0));
  }
}

TEST_CASE("every derivative is the slope of its curve") {
  const VizResult result = run_kind("functions", {});
  size_t drawn = 0;
  for (const auto& function : result.numbers["functions"]) {
    INFO(function["name"].get<std::string>());
    const Curve curve = curve_of(function);
    ++drawn;
    for (size_t i = 1; i + 1 < curve.x.size(); ++i) {
      const double before = (curve.y[i] - curve.y[i - 1]) / (curve.x[i] - curve.x[i - 1]);
      const double behind = (curve.y[i + 1] - curve.y[i]) / (curve.x[i + 1] - curve.x[i]);
      CHECK(curve.slope[i] >= std::min(before, behind) - 0.03);
      CHECK(curve.slope[i] <= std::max(before, behind) + 0.03);
    }
  }
  size_t activations = 0;
  for (const LayerType* type : layer_types()) {
    activations += type->role == LayerType::Role::kActivation ? 1 : 0;
  }
  CHECK(drawn + 2 == activations);  // softmax and maxout are of several numbers
}

TEST_CASE("a network's functions are drawn once each, with their options") {
  const VizResult result = run_kind("functions", request_of(R"(
input: {image: [4]}
layers:
  - {linear: 3, act: relu}
  - {linear: 3, act: {leaky_relu: 0.2}}
  - {linear: 3, act: relu}
  - {linear: 3, act: softmax}
)"));
  REQUIRE(result.numbers["functions"].size() == 2);
  CHECK(result.numbers["functions"][0]["name"] == "relu");
  CHECK(result.numbers["functions"][1]["name"] == "leaky_relu, slope 0.2");
  CHECK(curve_of(result.numbers["functions"][1]).y.front() == Approx(-1));
  CHECK(kind_error("functions", {}, {{"function", {"gellu"}}}).find("did you mean 'gelu'?") !=
        std::string::npos);
  CHECK(kind_error("functions", {}, {{"function", {"softmax"}}}).find("no activation of one") !=
        std::string::npos);
}

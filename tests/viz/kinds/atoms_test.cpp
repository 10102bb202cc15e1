#include <algorithm>

#include "support/catch.h"
#include "support/text.h"
#include "viz/small_network.h"
#include "viz/support.h"

namespace cnn {
namespace {

constexpr const char* kCoder = R"(
name: ae
input: {image: [1, 3, 2]}
layers:
  - flatten
  - {linear: 4, name: code}
  - {linear: 6, name: out}
  - {reshape: [1, 3, 2], name: recon}
outputs: {recon: recon, code: code}
loss: {mse: recon, target: image}
)";

}  // namespace

TEST_CASE("the atoms of a decoder are the columns of its weights, longest first") {
  const SmallNetwork network(kCoder, {1, 3, 2});
  const VizResult result = run_kind("atoms", network.request());
  CHECK(result.numbers["layer"] == "out");
  const std::vector<float> weights = network.weights("out.weight");  // [6, 4]
  const auto& atoms = result.numbers["atoms"];
  REQUIRE(atoms.size() == 4);
  double last = 1e9;
  for (const auto& atom : atoms) {
    const auto column = atom["number"].get<size_t>();
    double squares = 0;
    for (size_t k = 0; k < 6; ++k) {
      squares += static_cast<double>(weights[4 * k + column]) * weights[4 * k + column];
    }
    CHECK(atom["norm"].get<double>() == Approx(std::sqrt(squares)));
    CHECK(atom["norm"].get<double>() <= last);
    last = atom["norm"].get<double>();
  }
  CHECK(pictures_of(result.figures.at(0).drawing).size() == 4);
}

TEST_CASE("an encoder's atoms are its rows") {
  const SmallNetwork network(kCoder, {1, 3, 2});
  const VizResult result =
      run_kind("atoms", network.request(), {{"layer", {"code"}}, {"by_number", {"true"}}});
  const std::vector<float> weights = network.weights("code.weight");  // [4, 6]
  double squares = 0;
  for (size_t k = 0; k < 6; ++k) squares += static_cast<double>(weights[k]) * weights[k];
  CHECK(result.numbers["atoms"][0]["number"] == 0);
  CHECK(result.numbers["atoms"][0]["norm"].get<double>() == Approx(std::sqrt(squares)));
}

TEST_CASE("atoms says what is wrong") {
  const SmallNetwork network(kCoder, {1, 3, 2});
  CHECK(contains(kind_error("atoms", network.request(), {{"layer", {"recon"}}}),
                 "'recon' has no weights as large as the input [1,3,2]"));
  const SmallNetwork conv(
      "name: conv\ninput: {image: [1, 4, 4]}\n"
      "layers: [{conv: 2, kernel: 3}, flatten, {linear: 3, name: out}]\n"
      "loss: {cross_entropy: out, target: label}\n",
      {1, 4, 4});
  CHECK(contains(kind_error("atoms", conv.request()), "'filters' shows those of convolutions"));
}

}  // namespace cnn

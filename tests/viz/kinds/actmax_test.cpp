#include <filesystem>

#include "support/catch.h"
#include "support/text.h"
#include "viz/small_network.h"
#include "viz/support.h"

namespace cnn {
namespace {

constexpr const char* kModel = R"(
name: small
input: {image: [3, 10, 8]}
layers:
  - {conv: 6, kernel: 3, act: relu, name: c1}
  - {maxpool: 2}
  - {conv: 4, kernel: 2, act: tanh, name: c2}
  - flatten
  - {linear: 3, name: out}
loss: {cross_entropy: out, target: label}
)";

}  // namespace

TEST_CASE("every class's answer grows on the way uphill") {
  const SmallNetwork network(kModel, {3, 10, 8});
  const VizResult result = run_kind("actmax", network.request(), {{"steps", {"40"}}});
  const auto& units = result.numbers["units"];
  REQUIRE(units.size() == 3);
  CHECK(units[1]["name"] == "bee");
  for (const auto& unit : units) {
    CHECK(unit["after"].get<double>() > unit["before"].get<double>() + 0.1);
  }
  CHECK(pictures_of(result.figures.at(0).drawing).size() == 3);
}

TEST_CASE("no data are needed to begin with noise, and classes keep their names") {
  const SmallNetwork network(kModel, {3, 10, 8});
  std::filesystem::remove(network.folder().path() / "x.npy");
  const VizResult result = run_kind("actmax", network.request(), {{"steps", {"2"}}});
  CHECK(result.numbers["units"][1]["name"] == "bee");
  const std::string error =
      kind_error("actmax", network.request(), {{"from_image", {"true"}}}, Exit::kInput);
  CHECK(contains(error, "x.npy"));
}

TEST_CASE("a unit of a map, and the whole map, from a picture") {
  const SmallNetwork network(kModel, {3, 10, 8});
  for (const bool one : {true, false}) {
    std::vector<VizFlag> flags = {
        {"layer", {"c2"}}, {"unit", {"2", "0"}}, {"steps", {"30"}}, {"from_image", {"true"}}};
    if (one) flags.push_back({"position", {"2", "1"}});
    const VizResult result = run_kind("actmax", network.request(), flags);
    CHECK(result.figures.at(0).name == "actmax_c2");
    CHECK(result.numbers["units"][0]["unit"] == 2);
    for (const auto& unit : result.numbers["units"]) {
      CHECK(unit["after"].get<double>() > unit["before"].get<double>());
    }
  }
}

TEST_CASE("more units than fit into one batch are climbed one batch after the other") {
  const SmallNetwork network(
      "name: many\ninput: {image: [1, 4, 4]}\n"
      "layers: [flatten, {linear: 20, name: h}, {linear: 3, name: out}]\n"
      "loss: {cross_entropy: out, target: label}\n",
      {1, 4, 4});
  std::vector<std::string> all;
  for (int i = 0; i < 20; ++i) all.push_back(std::to_string(i));
  const std::vector<VizFlag> flags = {{"layer", {"h"}}, {"unit", all}, {"steps", {"8"}}};
  const VizResult whole = run_kind("actmax", network.request(), flags);
  REQUIRE(whole.numbers["units"].size() == 20);
  const VizResult one =
      run_kind("actmax", network.request(), {{"layer", {"h"}}, {"unit", {"17"}}, {"steps", {"8"}}});
  CHECK(one.numbers["units"][0]["after"].get<double>() ==
        Approx(whole.numbers["units"][17]["after"].get<double>()).epsilon(1e-4));
}

TEST_CASE("actmax says what is wrong") {
  const SmallNetwork network(kModel, {3, 10, 8});
  CHECK(contains(kind_error("actmax", network.request(), {{"layer", {"c2"}}, {"unit", {"4"}}}),
                 "'c2' has no unit '4': they are 0 to 3"));
  CHECK(contains(kind_error("actmax", network.request(), {{"unit", {"dog"}}}), "no class 'dog'"));
  CHECK(contains(
      kind_error("actmax", network.request(), {{"layer", {"c2"}}, {"position", {"9", "0"}}}),
      "lies outside"));
  CHECK(contains(kind_error("actmax", network.request(), {{"position", {"1", "1"}}}),
                 "'out' gives [3]"));
  const SmallNetwork coder(
      "name: coder\ninput: {image: [1, 4, 4]}\nlayers: [flatten, {linear: 16}, "
      "{reshape: [1, 4, 4], name: out}]\nloss: {mse: out, target: image}\n",
      {1, 4, 4});
  CHECK(contains(kind_error("actmax", coder.request()), "--layer takes any layer's units"));
}

}  // namespace cnn

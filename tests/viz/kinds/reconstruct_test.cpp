#include "support/catch.h"
#include "support/text.h"
#include "viz/small_network.h"
#include "viz/support.h"

namespace cnn {
namespace {

constexpr const char* kModel = R"(
name: copy
input: {image: [1, 5, 4]}
layers: [{conv: 1, kernel: 1, name: recon}]
loss: {mse: recon, target: image}
)";

}  // namespace

TEST_CASE("a network that copies has no error, one that darkens has that of the pixels") {
  for (const float weight : {1.0f, 0.5f}) {
    const SmallNetwork network(kModel, {1, 5, 4}, 12, [&](ParameterStore& store) {
      store.import_values(store.find("recon.weight"), std::vector<float>{weight});
    });
    const VizResult result =
        run_kind("reconstruct", network.request(), {{"samples", {"3"}}, {"first", {"2"}}});
    REQUIRE(result.numbers["samples"].size() == 3);
    double squares = 0;
    for (size_t i = 0; i < 20; ++i) {
      const double e = (1.0 - weight) * static_cast<double>(network.picture(2)[i]);
      squares += e * e;
    }
    CHECK(result.numbers["samples"][0]["name"] == "test 2");
    CHECK(result.numbers["samples"][0]["mse"].get<double>() ==
          Approx(squares / 20).margin(weight == 1 ? 1e-9 : 2e-3));
    // Three of each, and the bar.
    CHECK(pictures_of(result.figures.at(0).drawing).size() == 10);
  }
}

TEST_CASE("a classifier reconstructs nothing") {
  const SmallNetwork network(
      "name: classes\ninput: {image: [1, 4, 4]}\nlayers: [flatten, {linear: 3, name: out}]\n"
      "loss: {cross_entropy: out, target: label}\n",
      {1, 4, 4});
  CHECK(contains(kind_error("reconstruct", network.request()), "'reconstruct' shows autoencoders"));
}

}  // namespace cnn

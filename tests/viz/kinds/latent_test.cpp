#include <algorithm>

#include "support/catch.h"
#include "support/text.h"
#include "viz/small_network.h"
#include "viz/support.h"

namespace cnn {
namespace {

// A code of three numbers, the first of which is always 0.
constexpr const char* kCoder = R"(
name: ae
input: {image: [1, 4, 4]}
layers:
  - flatten
  - {linear: 3, bias: false, name: code}
  - {linear: 16, name: out}
  - {reshape: [1, 4, 4], name: recon}
outputs: {recon: recon, code: code}
loss: {mse: recon, target: image}
)";

void quiet_first(ParameterStore& store) {
  const int id = store.find("code.weight");
  std::vector<float> weights = store.export_values(id);
  std::fill(weights.begin(), weights.begin() + 16, 0.0f);
  store.import_values(id, weights);
}

}  // namespace

TEST_CASE("the grid lies over the two numbers that vary most") {
  const SmallNetwork network(kCoder, {1, 4, 4}, 12, quiet_first);
  const VizResult result = run_kind("latent", network.request(), {{"grid", {"5"}}});
  auto dims = result.numbers["dims"].get<std::vector<int64_t>>();
  std::sort(dims.begin(), dims.end());
  CHECK(dims == std::vector<int64_t>{1, 2});
  CHECK(result.numbers["deviations"][0] == 0);
  for (const char* side : {"rows", "columns"}) {
    const auto places = result.numbers[side].get<std::vector<float>>();
    REQUIRE(places.size() == 5);
    CHECK(std::is_sorted(places.begin(), places.end()));
    CHECK(places.front() < places.back());
  }
  CHECK(pictures_of(result.figures.at(0).drawing).size() == 25);
}

TEST_CASE("flags say where the grid lies") {
  const SmallNetwork network(kCoder, {1, 4, 4}, 12, quiet_first);
  const VizResult result =
      run_kind("latent", network.request(),
               {{"dims", {"0", "2"}}, {"range", {"2"}}, {"grid", {"3"}}, {"from_sample", {"4"}}});
  CHECK(result.numbers["columns"] == Json({-2.0, 0.0, 2.0}));
}

TEST_CASE("latent says what is wrong") {
  const SmallNetwork network(kCoder, {1, 4, 4});
  CHECK(contains(kind_error("latent", network.request(), {{"dims", {"0", "3"}}}),
                 "--dims 3: the code has the numbers 0 to 2"));
  CHECK(contains(kind_error("latent", network.request(), {{"dims", {"1", "1"}}}),
                 "two different numbers"));
  CHECK(contains(kind_error("latent", network.request(), {{"layer", {"coda"}}}),
                 "did you mean 'code'?"));
  CHECK(contains(kind_error("latent", network.request(), {{"from_sample", {"12"}}}),
                 "there are 12 samples"));
  const SmallNetwork classes(
      "name: classes\ninput: {image: [1, 4, 4]}\nlayers: [flatten, {linear: 3, name: out}]\n"
      "loss: {cross_entropy: out, target: label}\n",
      {1, 4, 4});
  CHECK(contains(kind_error("latent", classes.request()), "finds no code in 'classes'"));
  CHECK(contains(kind_error("latent", classes.request(), {{"layer", {"image"}}}),
                 "no picture follows"));
}

}  // namespace cnn

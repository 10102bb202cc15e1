#include "predict/decoder.h"
#include "support/catch.h"
#include "support/text.h"
#include "viz/small_network.h"
#include "viz/support.h"

namespace cnn {
namespace {

constexpr const char* kSmallVae = R"(
name: vae
input: {image: [1, 5, 4]}
layers:
  - flatten
  - {linear: 8, act: relu, name: enc}
  - {linear: 3, from: enc, name: mu}
  - {linear: 3, from: enc, name: logvar}
  - {gaussian: [mu, logvar], name: code}
  - {linear: 20, name: out}
  - {reshape: [1, 5, 4], name: recon}
outputs: {recon: recon, latent: mu}
loss: [{bce_logits: recon, target: image}, {kl_normal: [mu, logvar]}]
)";

}  // namespace

TEST_CASE("samples are the decoder's pictures of the prior's codes") {
  const SmallNetwork network(kSmallVae, {1, 5, 4});
  const VizResult result =
      run_kind("samples", network.request(), {{"samples", {"70"}}, {"seed", {"9"}}});
  CHECK(result.numbers["code_size"] == 3);
  const auto codes = result.numbers["codes"].get<std::vector<float>>();
  REQUIRE(codes.size() == 70 * 3);
  std::vector<float> expected(3);
  draw_code(9, 66, 3, expected.data());
  CHECK(std::vector<float>(codes.begin() + 198, codes.begin() + 201) == expected);
  const std::vector<Image> pictures = pictures_of(result.figures.at(0).drawing);
  REQUIRE(pictures.size() == 70);
  const std::vector<float> w = network.weights("out.weight"), b = network.weights("out.bias");
  for (size_t p = 0; p < 20; ++p) {
    double sum = b[p];
    for (size_t k = 0; k < 3; ++k) sum += static_cast<double>(w[3 * p + k]) * expected[k];
    CHECK(pictures[66].values[p] == Approx(255 / (1 + std::exp(-sum))).margin(1));
  }
}

TEST_CASE("a network without a prior draws nothing") {
  const SmallNetwork network(
      "name: ae\ninput: {image: [1, 4, 4]}\n"
      "layers: [flatten, {linear: 3, name: code}, {linear: 16}, {reshape: [1, 4, 4], name: "
      "recon}]\n"
      "outputs: {recon: recon, code: code}\nloss: {mse: recon, target: image}\n",
      {1, 4, 4});
  const std::string error = kind_error("samples", network.request());
  CHECK(contains(error, "'ae' has no 'gaussian' layer"));
  CHECK(contains(error, "'interpolate'"));
}

}  // namespace cnn

// Samples of a generator's prior.
#include "predict/samples.h"

#include <cmath>

#include "base/rng.h"
#include "io/npy.h"
#include "support/catch.h"
#include "support/model_folder.h"

namespace cnn {
namespace {

using namespace cnn::test;

// Decodes a code of two numbers to 3x4 pixels: z0 in the left half, z1 - 1 in the right.
constexpr const char* kGenerator = R"(name: generator
input: {image: [1, 3, 4]}
layers:
  - {flatten, name: pixels}
  - {linear: 2, name: mu}
  - {linear: 2, from: pixels, name: logvar}
  - {gaussian: [mu, logvar], name: code}
  - {linear: 12, name: out}
  - {reshape: [1, 3, 4], name: recon}
outputs: {recon: recon, latent: mu}
loss:
  - {bce_logits: recon, target: image, reduction: sum}
  - {kl_normal: [mu, logvar]}
data: {format: npy, inputs: x.npy}
)";

ModelFolder generator() {
  std::vector<float> weight, bias;
  for (int i = 0; i < 12; ++i) {
    const bool left = i % 4 < 2;
    weight.insert(weight.end(), {left ? 1.0f : 0.0f, left ? 0.0f : 1.0f});
    bias.push_back(left ? 0.0f : -1.0f);
  }
  const std::vector<float> encoder(24, 0), none(2, 0);
  return ModelFolder(kGenerator, {encoder, none, encoder, none, weight, bias});
}

std::vector<float> numbers_of(const std::string& path) {
  const NpyReader reader(path);
  std::vector<float> values(static_cast<size_t>(reader.count()));
  reader.read(0, values);
  return values;
}

// Seven samples by that seed, in batches of that size.
PredictReport draw(const ModelFolder& model, int64_t seed, int64_t batch) {
  PredictRequest request = model.request({});
  request.prior_samples = 7;
  request.seed = seed;
  request.batch_size = batch;
  return predict(model.load(), request);
}

}  // namespace

TEST_CASE("samples are what the decoder makes of normal numbers") {
  const ModelFolder model = generator();
  const PredictReport report = draw(model, 3, 2);
  CHECK(report.samples == 7);
  // `latent` does not follow from the code.
  REQUIRE(report.files == std::vector<std::string>{model.folder.str("out/recon.npy"),
                                                   model.folder.str("out/samples.png")});
  const std::vector<float> recon = numbers_of(report.files[0]);
  REQUIRE(recon.size() == 7 * 12);
  for (uint64_t n = 0; n < 7; ++n) {
    const Rng rng(3, "prior", 0, n);
    for (size_t i = 0; i < 12; ++i) {
      const float expected = i % 4 < 2 ? rng.normal(0) : rng.normal(1) - 1;
      CHECK(recon[n * 12 + i] == Approx(expected));
    }
  }
}

TEST_CASE("samples stand side by side in one picture, after the sigmoid") {
  const ModelFolder model = generator();
  const PredictReport report = draw(model, 3, 4);
  const std::vector<float> recon = numbers_of(report.files[0]);
  const Image sheet = read_image(report.files[1], 1);
  REQUIRE(sheet.height == 3 * 4 - 1);  // 3 x 3 places with lines between
  REQUIRE(sheet.width == 3 * 5 - 1);
  for (int64_t n = 0; n < 9; ++n) {
    for (int64_t i = 0; i < 12; ++i) {
      const int64_t y = n / 3 * 4 + i / 4, x = n % 3 * 5 + i % 4;
      const double score = n < 7 ? recon[static_cast<size_t>(n * 12 + i)] : 0;
      const double white = n < 7 ? 255 / (1 + std::exp(-score)) : 255;
      CHECK(std::abs(sheet.row(y)[x] - white) <= 0.51);
    }
  }
  CHECK(sheet.row(3)[0] == 255);
  CHECK(sheet.row(0)[4] == 255);
}

TEST_CASE("a sample depends on the seed and its number, not on the batch") {
  const ModelFolder model = generator();
  const std::vector<float> first = numbers_of(draw(model, 3, 2).files[0]);
  CHECK(numbers_of(draw(model, 3, 7).files[0]) == first);
  CHECK(numbers_of(draw(model, 4, 7).files[0]) != first);
}

TEST_CASE("a model without a gaussian layer has no prior") {
  const ModelFolder model("name: plain\ninput: {image: [2]}\nlayers: [{linear: 2, name: out}]\n",
                          {});
  const std::string problem = error_of(Exit::kUsage, [&] { draw(model, 0, 1); });
  CHECK(contains(problem, "'plain' has no 'gaussian' layer"));
}

}  // namespace cnn

#include "report/pca.h"

#include <cmath>

#include "base/error.h"
#include "base/rng.h"
#include "io/npy.h"
#include "report/evaluate.h"
#include "support/catch.h"
#include "support/training.h"

namespace cnn {
namespace {

// Samples of 6 numbers: a mean, three directions of falling spread, and next to no noise.
std::vector<float> cloud(int64_t samples, double noise) {
  const Rng rng(3, "cloud");
  const double axes[3][6] = {{1, 1, 0, 0, 0, 0}, {0, 0, 1, -1, 0, 0}, {0, 0, 0, 0, 1, 2}};
  const double spread[3] = {3, 2, 1};
  std::vector<float> data;
  uint64_t index = 0;
  for (int64_t n = 0; n < samples; ++n) {
    double x[6] = {1, 2, 3, 4, 5, 6};
    for (int k = 0; k < 3; ++k) {
      const double z = spread[k] * static_cast<double>(rng.normal(index++));
      for (int j = 0; j < 6; ++j) x[j] += z * axes[k][j];
    }
    for (double& v : x) data.push_back(static_cast<float>(v + noise * rng.normal(index++)));
  }
  return data;
}

// In batches of 50.
Batches batches_of(const std::vector<float>& data) {
  return [&data](const std::function<void(const ConstView&)>& use) {
    const auto samples = static_cast<int64_t>(data.size()) / 6;
    for (int64_t first = 0; first < samples; first += 50) {
      use({data.data() + first * 6, std::min<int64_t>(50, samples - first), {6}});
    }
  };
}

}  // namespace

TEST_CASE("principal components find mean and directions, and leave the noise") {
  const std::vector<float> data = cloud(1030, 0.01);
  const Batches batches = batches_of(data);
  const Pca pca = fit_pca(3, 6, batches);
  for (int j = 0; j < 6; ++j) CHECK(pca.mean[static_cast<size_t>(j)] == Approx(j + 1).margin(0.3));
  // Spread 3 along a direction of length sqrt 2.
  CHECK(pca.variances[0] == Approx(18).epsilon(0.1));
  CHECK(pca.directions[0] == Approx(std::sqrt(0.5)).margin(0.02));
  CHECK(projection_error(pca, batches) == Approx(1e-4 * 3 / 6).epsilon(0.1));
  // What is left is what the other eigenvalues say.
  const Pca one = fit_pca(1, 6, batches), all = fit_pca(6, 6, batches);
  double rest = 0;
  for (size_t k = 1; k < 6; ++k) rest += all.variances[k];
  CHECK(projection_error(one, batches) == Approx(rest / 6).epsilon(1e-5));
  CHECK(projection_error(all, batches) < 1e-10);
}

TEST_CASE("principal angles: the same span, a known turn, and right angles") {
  Pca plane{4, {}, {1, 1}, {1, 0, 0, 0, 0, 1, 0, 0}};
  const double h = std::sqrt(0.5);
  const Pca same{4, {}, {1, 1}, {h, h, 0, 0, h, -h, 0, 0}};
  CHECK(principal_angles(plane, same)[0] == Approx(0).margin(1e-7));
  const Pca turned{4, {}, {1, 1}, {1, 0, 0, 0, 0, std::cos(0.3), std::sin(0.3), 0}};
  const std::vector<double> angles = principal_angles(plane, turned);
  CHECK(angles[0] == Approx(0.3));
  CHECK(angles[1] == Approx(0).margin(1e-7));
  const Pca other{4, {}, {1, 1}, {0, 0, 1, 0, 0, 0, 0, 1}};
  CHECK(principal_angles(plane, other)[1] == Approx(M_PI / 2));
}

TEST_CASE("principal components that do not exist are refused") {
  const std::vector<float> data = cloud(4, 0.1);
  CHECK_THROWS_AS(fit_pca(0, 6, batches_of(data)), Error);
  CHECK_THROWS_AS(fit_pca(5, 6, batches_of(data)), Error);
  CHECK_THROWS_AS(fit_pca(2, 5000, batches_of(data)), Error);
}

TEST_CASE("no linear autoencoder is better than the principal components") {
  using namespace cnn::test;
  const TemporaryFolder folder;
  const QuietLog quiet;
  write_npy(folder.str("x.npy"), {500, 6}, cloud(500, 0.1));
  const ModelSpec spec = load(folder.file("m.yaml", R"(
name: line
input: {image: [6]}
layers:
  - {linear: 2, name: code}
  - {linear: 6, name: recon}
loss: {mse: recon, target: image}
data: {format: npy, inputs: x.npy, test_inputs: x.npy, val: 0}
train: {epochs: 60, batch_size: 50, optimizer: {adam: 0.05}, schedule: cosine}
)"));
  TrainRequest request;
  request.out = folder.str();
  request.name = "run";
  Recorder recorder;
  StopFlags flags;
  train(spec, request, recorder, flags);
  TestRequest test;
  test.weights = folder.str("run/weights/last.safetensors");
  test.pca_components = 2;
  const Scores scores = test_model(spec, test).metrics;
  CHECK(*find_score(scores, "loss") ==
        Approx(*find_score(scores, "pca/error") * *find_score(scores, "pca/ratio")));
  CHECK(*find_score(scores, "pca/ratio") >= 1 - 1e-6);
  CHECK(*find_score(scores, "pca/angle_max") <= 90);
  CHECK(*find_score(scores, "pca/angle_mean") <= *find_score(scores, "pca/angle_max"));
}

}  // namespace cnn

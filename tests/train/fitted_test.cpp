// Layers that are fitted to the training data before the first step.
#include <cmath>
#include <csignal>
#include <filesystem>

#include "base/parallel.h"
#include "support/catch.h"
#include "support/tensors.h"
#include "support/training.h"
#include "train/trainer.h"

namespace cnn {
namespace {

using namespace cnn::test;

constexpr const char* kWhitened = R"(name: whitened
input: {image: [1, 28, 28]}
layers:
  - {avgpool: 4}
  - flatten
  - {whiten: pca, components: 20, eps: 0.01, name: white}
  - {whiten: channel, name: again}
  - {linear: 10, name: out}
loss: {cross_entropy: out, target: label}
metrics: [accuracy]
data: {format: digits, train: 400, test: 40, val: 40}
train: {epochs: 2, batch_size: 32, optimizer: {sgd: 0.1}, seed: 3}
)";

std::string run_of(const TemporaryFolder& folder, const std::string& name,
                   const std::vector<std::string>& overrides = {}, const std::string& from = "") {
  Recorder recorder;
  StopFlags flags;
  TrainRequest request;
  request.out = folder.str("runs");
  request.name = name;
  request.weights = from;
  const std::string path = folder.file(name + ".yaml", kWhitened);
  return train(load(path, overrides), request, recorder, flags).run + "/weights/last.safetensors";
}

}  // namespace

TEST_CASE("layers are fitted one behind the other before training, and stay as they are") {
  const TemporaryFolder folder;
  const std::string weights = run_of(folder, "a");
  const std::vector<float> matrix = tensor(weights, "white.matrix");
  CHECK(matrix.size() == 20 * 49);
  // What the first has whitened has mean 0 and variance 1 but for eps; the second one finds that.
  for (const float mean : tensor(weights, "again.mean")) CHECK(std::abs(mean) < 1e-4f);
  const std::vector<float> scale = tensor(weights, "again.scale");
  CHECK(scale.front() == Approx(1.0).margin(0.05));
  for (const float s : scale) CHECK(s > 0.99f);
  // No training moves them, and the number of threads and loaders changes nothing.
  CHECK(tensor(run_of(folder, "b", {"train.epochs=0"}), "white.matrix") == matrix);
  set_threads(3);
  CHECK(read_text(run_of(folder, "c", {"train.workers=0"})) == read_text(weights));
  set_threads(1);
}

TEST_CASE("a run that starts from weights keeps what they were fitted to") {
  const TemporaryFolder folder;
  const std::string weights = run_of(folder, "a");
  const std::string other = run_of(folder, "b", {"data.seed=9", "train.epochs=1"}, weights);
  CHECK(tensor(other, "white.matrix") == tensor(weights, "white.matrix"));
  const std::string anew = run_of(folder, "c", {"data.seed=9", "train.epochs=1"});
  CHECK(tensor(anew, "white.matrix") != tensor(weights, "white.matrix"));
}

TEST_CASE("what partial weights do not have of fitted layers is fitted") {
  const TemporaryFolder folder;
  const std::string weights = run_of(folder, "a");
  const QuietLog log;
  Recorder recorder;
  StopFlags flags;
  TrainRequest request;
  request.out = folder.str("runs");
  request.name = "b";
  request.weights = weights;
  request.partial_weights = true;
  const std::string path = folder.str("a.yaml");
  const ModelSpec spec =
      load(path, {"edit={again: {whiten: channel, name: anew}}", "data.seed=9", "train.epochs=0"});
  const std::string other = train(spec, request, recorder, flags).run + "/weights/last.safetensors";
  CHECK(tensor(other, "white.matrix") == tensor(weights, "white.matrix"));
  CHECK(recorder.said("fitting 'anew' to 360 samples"));
  CHECK(!recorder.said("fitting 'white'"));
  for (const float scale : tensor(other, "anew.scale")) CHECK(scale != 1.0f);
}

TEST_CASE("layers that share a fitted one's numbers are not fitted anew") {
  const TemporaryFolder folder;
  const std::string text = R"(name: shared
input: {image: [1, 28, 28]}
layers:
  - {avgpool: 7}
  - flatten
  - {whiten: channel, name: first}
  - {linear: 16, name: middle}
  - {whiten: channel, share: first, name: second}
  - {linear: 10, name: out}
loss: {cross_entropy: out, target: label}
data: {format: digits, train: 400, test: 40}
train: {epochs: 0, batch_size: 32}
)";
  Recorder recorder;
  StopFlags flags;
  TrainRequest request;
  request.out = folder.str("runs");
  const auto trained = [&](const std::string& name, const std::string& model) {
    request.name = name;
    return train(load(folder.file(name + ".yaml", model)), request, recorder, flags).run +
           "/weights/last.safetensors";
  };
  std::string alone = text;
  alone.erase(alone.find("  - {whiten: channel, share"), 49);
  CHECK(tensor(trained("a", text), "first.mean") == tensor(trained("b", alone), "first.mean"));
  std::string training = text;
  training.replace(training.find("share: first, name: second"), 26, "phase: train, name: second");
  CHECK(contains(error_of(Exit::kSpec, [&] { trained("c", training); }),
                 "'second' is fitted, so it cannot be of training alone"));
}

TEST_CASE("a signal ends the fitting, and no run is left behind") {
  const TemporaryFolder folder;
  Recorder recorder;
  StopFlags flags;
  flags.stop_signal = SIGTERM;
  TrainRequest request;
  request.out = folder.str("runs");
  const ModelSpec spec = load(folder.file("a.yaml", kWhitened));
  CHECK(contains(error_of(Exit::kInterrupted, [&] { train(spec, request, recorder, flags); }),
                 "stopped before the first step"));
  CHECK(!std::filesystem::exists(folder.str("runs/whitened")));
}

}  // namespace cnn

// Four batches of 16 that are added up make the update of one of 64, where what counts differs from
// batch to batch: ignored targets, lists of varying length, a smaller last batch.
#include <cmath>

#include "base/rng.h"
#include "io/npy.h"
#include "io/safetensors.h"
#include "support/catch.h"
#include "support/training.h"

namespace cnn {
namespace {

using namespace cnn::test;

constexpr int64_t kSamples = 150;  // 64 + 64 + 22
constexpr int64_t kIgnored = 255;

// Class numbers as NumPy writes them, which the project itself never does.
std::string int64_array(const std::string& shape, const std::vector<int64_t>& values) {
  std::string dict = "{'descr': '<i8', 'fortran_order': False, 'shape': " + shape + ", }\n";
  std::string content = "\x93NUMPY";
  content += {1, 0, static_cast<char>(dict.size()), 0};
  return content + dict +
         std::string(reinterpret_cast<const char*>(values.data()), values.size() * 8);
}

// Pictures [2,6,6] with masks of three classes; of some nearly all pixels are ignored, of others
// none, of one in seven all.
void write_masks(const TemporaryFolder& folder) {
  constexpr int64_t kPixels = 36;
  std::vector<float> pictures;
  std::vector<int64_t> masks;
  for (int64_t i = 0; i < kSamples; ++i) {
    const Rng rng(1, "masks", 0, static_cast<uint64_t>(i));
    const float ignored = i % 7 == 0 ? 1.0f : static_cast<float>(i % 5) / 5.0f;
    for (uint64_t p = 0; p < kPixels; ++p) {
      pictures.push_back(rng.normal(p));
      pictures.push_back(rng.normal(p + 1000));
      const bool counts = rng.uniform(p + 2000) >= ignored;
      masks.push_back(counts ? static_cast<int64_t>(rng.below(4 * p + 12000, 3)) : kIgnored);
    }
  }
  NpyWriter writer(folder.str("x.npy"), {kSamples, 2, 6, 6});
  writer.append(pictures);
  writer.commit();
  folder.file("y.npy", int64_array("(150, 6, 6)", masks));
}

struct Run {
  std::vector<float> weights;
  std::vector<double> losses;
};

Run run(const TemporaryFolder& folder, const std::string& path, const std::string& name,
        const std::vector<std::string>& overrides) {
  StopFlags flags;
  Recorder recorder;
  TrainRequest request;
  request.out = folder.str("runs");
  request.name = name;
  const TrainReport report = train(load(path, overrides), request, recorder, flags);
  CHECK(report.steps == 10);
  Run result;
  for (const StepInfo& step : recorder.steps) result.losses.push_back(step.loss);
  const SafetensorsReader file(report.run + "/weights/last.safetensors");
  for (const SafeTensor& tensor : file.tensors()) {
    std::vector<float> values(static_cast<size_t>(tensor.count));
    file.read(tensor, values);
    result.weights.insert(result.weights.end(), values.begin(), values.end());
  }
  return result;
}

// Ten steps of either kind, of `model`, which stands in `folder`.
void compare(const TemporaryFolder& folder, const std::string& model,
             const std::vector<std::string>& overrides = {}) {
  const std::string path = folder.file("m.yaml", model);
  std::vector<std::string> large = {"train.max_steps=10", "train.epochs=4", "data.shuffle=false"};
  large.insert(large.end(), overrides.begin(), overrides.end());
  std::vector<std::string> small = large;
  large.push_back("train.batch_size=64");
  small.insert(small.end(), {"train.batch_size=16", "train.accumulate=4"});
  const Run start = run(folder, path, "start", [&] {
    std::vector<std::string> still = large;
    still.push_back("train.lr=0");
    return still;
  }());
  const Run a = run(folder, path, "large", large), b = run(folder, path, "small", small);
  REQUIRE(a.weights.size() == b.weights.size());
  double worst = 0, moved = 0;
  for (size_t i = 0; i < a.weights.size(); ++i) {
    worst = std::max(worst, static_cast<double>(std::abs(a.weights[i] - b.weights[i])));
    moved = std::max(moved, static_cast<double>(std::abs(a.weights[i] - start.weights[i])));
  }
  CAPTURE(worst, moved);
  CHECK(worst < 1e-6);
  CHECK(moved > 0.01);
  REQUIRE(a.losses.size() == b.losses.size());
  for (size_t i = 0; i < a.losses.size(); ++i)
    CHECK(b.losses[i] == Approx(a.losses[i]).epsilon(1e-6));
}

std::string masks_model(const std::string& loss) {
  return R"(name: masks
input: {image: [2, 6, 6]}
layers:
  - {conv: 8, kernel: 3, pad: 1, act: tanh, name: c1}
  - {conv: 3, kernel: 1, name: out}
loss: )" +
         loss + R"(
data: {format: npy, inputs: x.npy, targets: y.npy, classes: 3, ignore: 255}
train: {optimizer: {sgd: 0.5}, schedule: constant, seed: 1}
)";
}

// Each word from the two before it, and its own class beside it.
std::string words_model(const std::string& loss) {
  return R"(name: words
input: {text: {steps: {most: 19}, classes: 181}}
layers:
  - {embed: 8, name: words}
  - {concat: [[{shift: 1}], [{shift: 2}]]}
  - {linear: 16, act: tanh}
  - {linear: 181, name: out}
loss: )" +
         loss + R"(
data: {format: sentences, train: 150, test: 1}
train: {optimizer: {sgd: 0.5}, schedule: constant, seed: 1}
)";
}

}  // namespace

TEST_CASE("batches with ignored pixels add up to one large batch") {
  const TemporaryFolder folder;
  write_masks(folder);
  compare(folder, masks_model("{cross_entropy: out, target: mask, ignore: 255}"));
}

TEST_CASE("so they do with weights of classes, beside another loss") {
  const TemporaryFolder folder;
  write_masks(folder);
  compare(folder, masks_model(R"(
  - {cross_entropy: out, target: mask, ignore: 255, class_weights: [1, 3, 0.5], smoothing: 0.1}
  - {activity_l1: out, weight: 0.01})"));
}

TEST_CASE("batches of lists of varying length add up to one large batch") {
  const TemporaryFolder folder;
  compare(folder, words_model("{cross_entropy: out, target: text}"));
}

TEST_CASE("so they do where some words are not counted") {
  const TemporaryFolder folder;
  compare(folder, words_model("{cross_entropy: out, target: text, ignore: 150}"));
}

TEST_CASE("so they do where a sentence's label is learned beside its words") {
  const TemporaryFolder folder;
  std::string model = words_model(R"(
  - {cross_entropy: out, target: text, class_weights: $weights}
  - {cross_entropy: topic, target: label, weight: 2})");
  model.replace(model.find("  - {linear: 181, name: out}\n"), 29,
                "  - {linear: 181, name: out}\n"
                "  - {reduce: mean, from: words}\n"
                "  - {linear: 10, name: topic}\n");
  std::string weights = "vars: {weights: [";
  for (int c = 0; c < 181; ++c) weights += c % 3 == 0 ? "2, " : "0.5, ";
  model.insert(model.find("input:"), weights.substr(0, weights.size() - 2) + "]}\n");
  compare(folder, model);
}

}  // namespace cnn

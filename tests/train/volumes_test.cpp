// Networks over volumes, by the way that all networks take.
#include <algorithm>

#include "data/support.h"
#include "io/npy.h"
#include "io/safetensors.h"
#include "support/catch.h"
#include "support/training.h"

namespace cnn {
namespace {

using namespace cnn::test;

constexpr int64_t kFrames = 6, kSide = 10;

// Films [1,D,H,W] of a spot that moves by one pixel a picture: to the left (class 0) or to the
// right (class 1). Any picture of a film alone says nothing of its class.
void write_films(const TemporaryFolder& folder, int64_t count) {
  constexpr int64_t kPicture = kSide * kSide;
  std::vector<float> films(static_cast<size_t>(count * kFrames * kPicture), 0.0f);
  std::vector<int64_t> labels;
  RandomSequence random(Rng(1, "films"));
  for (int64_t n = 0; n < count; ++n) {
    const int64_t label = n % 2;
    const auto row = static_cast<int64_t>(random.below(kSide));
    // Both classes have been everywhere equally often.
    const auto first = static_cast<int64_t>(random.below(kSide - kFrames + 1));
    for (int64_t t = 0; t < kFrames; ++t) {
      const int64_t column = first + (label == 1 ? t : kFrames - 1 - t);
      films[static_cast<size_t>((n * kFrames + t) * kPicture + row * kSide + column)] = 1;
    }
    labels.push_back(label);
  }
  write_npy(folder.str("x.npy"), {count, 1, kFrames, kSide, kSide}, films);
  folder.file("y.npy", npy_int64(fmt::format("({},)", count), labels));
}

constexpr const char* kModel = R"(name: films
input: {clip: [1, 6, 10, 10]}
layers:
  - {conv: 8, kernel: 3, pad: 1, bias: false, name: c1}
  - {bn, act: relu}
  - {maxpool: [1, 2, 2]}
  - {conv: 8, kernel: 3, pad: 1, act: relu, name: c2}
  - gap
  - {linear: 2, name: out}
loss: {cross_entropy: out, target: label}
metrics: [accuracy]
data: {format: npy, inputs: x.npy, targets: y.npy, val: 60, input_name: clip}
train: {epochs: 10, batch_size: 20, optimizer: {adam: 0.01}, seed: 1}
)";

}  // namespace

TEST_CASE("a network over volumes learns which way a spot moves") {
  const TemporaryFolder folder;
  write_films(folder, 300);
  Recorder recorder;
  StopFlags flags;
  TrainRequest request;
  request.out = folder.str("runs");
  const TrainReport report = train(load(folder.file("m.yaml", kModel)), request, recorder, flags);
  CHECK(report.status == TrainReport::Status::kDone);
  const EpochRow& last = recorder.rows.back();
  CHECK(*find_score(recorder.rows.front().scores, "train/loss") > 0.3);
  CHECK(*find_score(last.scores, "val/accuracy") > 0.95);
  CHECK(*find_score(last.scores, "val/loss") < 0.2);
  const SafetensorsReader weights(report.run + "/weights/last.safetensors");
  const auto shape_of = [&](const char* name) {
    const SafeTensor* found = weights.find(name);
    REQUIRE(found != nullptr);
    return std::vector<int64_t>(found->shape.begin(), found->shape.end());
  };
  CHECK(shape_of("c1.weight") == std::vector<int64_t>{8, 1, 3, 3, 3});
  CHECK(shape_of("c2.weight") == std::vector<int64_t>{8, 8, 3, 3, 3});
  // What was written is written again, and means the same.
  const std::string spec = read_text(report.run + "/spec.yaml");
  CHECK(contains(spec, "maxpool: [1, 2, 2]"));
  CHECK(contains(spec, "kernel: 3"));
}

}  // namespace cnn

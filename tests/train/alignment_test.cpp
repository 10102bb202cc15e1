// Two views of a picture find each other: the loss `alignment`, measured by `retrieval`.
#include "base/parallel.h"
#include "support/catch.h"
#include "support/training.h"

namespace cnn {
namespace {

using namespace cnn::test;

// The upper and the lower half of a digit.
constexpr const char* kHalves = R"(name: halves
input: {image: [1, 28, 28]}
layers:
  - {avgpool: 2}
  - {split: {top: 7, bottom: 7}, axis: rows, name: half}
  - {flatten, from: half.top}
  - {linear: 24, name: upper}
  - {flatten, from: half.bottom}
  - {linear: 24, name: lower}
loss: {alignment: [upper, lower]}
metrics: {retrieval: [upper, lower], at: [1, 5]}
data: {format: digits, train: 2000, test: 10, val: 50}
train: {epochs: 8, batch_size: 40, optimizer: {adam: 3e-3}, seed: 2}
)";

TrainReport trained(const TemporaryFolder& folder, const std::vector<std::string>& overrides,
                    const std::string& name, Recorder& recorder) {
  StopFlags flags;
  TrainRequest request;
  request.out = folder.str("runs");
  request.name = name;
  return train(load(folder.file("m.yaml", kHalves), overrides), request, recorder, flags);
}

}  // namespace

TEST_CASE("alignment teaches two halves of a picture to find one another") {
  const TemporaryFolder folder;
  const QuietLog log;
  Recorder recorder;
  const TrainReport before =
      trained(folder, {"train.epochs=1", "train.optimizer.adam=1e-9"}, "no", recorder);
  const TrainReport after = trained(folder, {}, "yes", recorder);
  const auto recall = [](const TrainReport& report) {
    const double* found = find_score(report.last, "val/upper_to_lower_recall5");
    REQUIRE(found != nullptr);
    return *found;
  };
  CHECK(recall(before) < 0.25);  // chance: 0.1
  CHECK(recall(after) > 0.5);
  CHECK(find_score(after.last, "train/upper_to_lower_recall5") == nullptr);
  set_threads(3);
  CHECK(trained(folder, {}, "threads", recorder).last == after.last);
  set_threads(1);
}

TEST_CASE("a run warns of samples that have no other to be ranked against") {
  const TemporaryFolder folder;
  const QuietLog log;
  Recorder recorder;
  trained(folder, {"train.batch_size=1", "train.max_steps=2"}, "alone", recorder);
  CHECK(recorder.said("'alignment' ranks the samples"));
}

}  // namespace cnn

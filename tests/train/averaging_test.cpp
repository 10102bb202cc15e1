// `ema`: testing and the files see the mean of the weights, training does not.
#include "io/safetensors.h"
#include "report/evaluate.h"
#include "support/catch.h"
#include "support/tensors.h"
#include "support/training.h"

namespace cnn {
namespace {

using namespace cnn::test;

struct Trained {
  Trained(const TemporaryFolder& folder, const std::string& name,
          const std::vector<std::string>& overrides)
      : report(train_here(folder, kTinyModel, name, overrides, &recorder)) {}
  Recorder recorder;
  TrainReport report;
};

TEST_CASE("ema changes what is tested and kept and leaves training as it is") {
  const TemporaryFolder folder;
  const Trained plain(folder, "plain", {}), averaged(folder, "averaged", {"train.ema=0.9"});
  const std::string state = "/state/last.safetensors", last = "/weights/last.safetensors";
  const auto trained = tensor(averaged.report.run + state, "model.c1.weight");
  CHECK(trained == tensor(plain.report.run + last, "c1.weight"));
  const auto kept = tensor(averaged.report.run + last, "c1.weight");
  CHECK(kept == tensor(averaged.report.run + state, "average.c1.weight"));
  CHECK(kept != trained);
  for (size_t i = 0; i < plain.recorder.rows.size(); ++i) {
    const auto score = [&](const Trained& t, const char* name) {
      return *find_score(t.recorder.rows[i].scores, name);
    };
    CHECK(score(plain, "train/loss") == score(averaged, "train/loss"));
    CHECK(score(plain, "val/loss") != score(averaged, "val/loss"));
  }
  // What validation told is what the file gives.
  TestRequest request;
  request.weights = averaged.report.run + last;
  request.split = "val";
  const TestReport test = test_model(load(folder.str("plain.yaml")), request);
  CHECK(*find_score(test.metrics, "loss") ==
        *find_score(averaged.recorder.rows.back().scores, "val/loss"));
}

TEST_CASE("a run may begin to average when it is resumed, and may give it up") {
  const TemporaryFolder folder;
  const Trained first(folder, "later", {"train.epochs=1"});
  const auto resume = [&](const std::vector<std::string>& overrides) {
    TrainRequest request;
    request.resume = first.report.run;
    Recorder recorder;
    StopFlags flags;
    train(load(first.report.run + "/spec.yaml", overrides), request, recorder, flags);
  };
  const std::string state = first.report.run + "/state/last.safetensors";
  resume({"train.epochs=2", "train.ema=0.9"});
  CHECK(tensor(state, "average.c1.weight") != tensor(state, "model.c1.weight"));
  resume({"train.epochs=3", "train.ema=0"});
  CHECK(SafetensorsReader(state).find("average.c1.weight") == nullptr);
  CHECK(tensor(first.report.run + "/weights/last.safetensors", "c1.weight") ==
        tensor(state, "model.c1.weight"));
}

}  // namespace
}  // namespace cnn

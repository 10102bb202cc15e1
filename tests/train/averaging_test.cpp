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
  TrainReport report;
  Recorder recorder;
};

void run(const std::string& path, const TemporaryFolder& folder, const std::string& name,
         const std::vector<std::string>& overrides, Trained& trained) {
  StopFlags flags;
  TrainRequest request;
  request.out = folder.str("runs");
  request.name = name;
  trained.report = train(load(path, overrides), request, trained.recorder, flags);
}

TEST_CASE("ema changes what is tested and kept and leaves training as it is") {
  const TemporaryFolder folder;
  const std::string path = folder.file("m.yaml", kTinyModel);
  Trained plain, averaged;
  run(path, folder, "plain", {}, plain);
  run(path, folder, "averaged", {"train.ema=0.9"}, averaged);
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
  const TestReport test = test_model(load(path), request);
  CHECK(*find_score(test.metrics, "loss") ==
        *find_score(averaged.recorder.rows.back().scores, "val/loss"));
}

TEST_CASE("a run may begin to average when it is resumed, and may give it up") {
  const TemporaryFolder folder;
  const std::string path = folder.file("m.yaml", kTinyModel);
  Trained first;
  run(path, folder, "later", {"train.epochs=1"}, first);
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

// Whole runs of small networks: results, limits, signals.
#include "train/trainer.h"

#include <csignal>
#include <cstring>

#include "base/parallel.h"
#include "io/csv.h"
#include "io/safetensors.h"
#include "report/evaluate.h"
#include "support/catch.h"
#include "support/tensors.h"
#include "support/training.h"
#include "train/run_dir.h"

namespace cnn {
namespace {

using namespace cnn::test;

std::string weights(const TrainReport& report, const std::string& which = "last") {
  return read_text(report.run + "/weights/" + which + ".safetensors");
}

TEST_CASE("a run leaves its results, weights, checkpoint and description") {
  const TemporaryFolder folder;
  Recorder recorder;
  const TrainReport report = train_here(folder, kTinyModel, "tiny", {}, &recorder);
  CHECK(report.status == TrainReport::Status::kDone);
  CHECK(report.exit == Exit::kOk);
  CHECK(report.epochs == 3);
  CHECK(report.steps == 15);  // 40 samples in batches of 8
  REQUIRE(report.best.has_value());
  CHECK(report.best->metric == "val/loss");
  CHECK(recorder.outline.steps_per_epoch == 5);
  CHECK(recorder.outline.train_samples == 40);
  CHECK(recorder.outline.val_samples == 20);
  CHECK(recorder.steps.size() == 15);
  REQUIRE(recorder.rows.size() == 3);

  const CsvTable results = CsvTable::read(report.run + "/results.csv");
  const std::vector<std::string> columns = {
      "epoch",    "step",         "time_s",        "lr",      "train/loss", "train/accuracy",
      "val/loss", "val/accuracy", "samples_per_s", "rss_mib", "is_best"};
  CHECK(results.columns() == columns);
  REQUIRE(results.rows() == 3);
  for (size_t i = 0; i < 3; ++i) {
    CHECK(results.number(i, 0) == static_cast<double>(i + 1));
    CHECK(results.number(i, 1) == static_cast<double>(5 * (i + 1)));
    CHECK(results.number(i, 5) == *find_score(recorder.rows[i].scores, "train/accuracy"));
    CHECK(results.number(i, 6) == *find_score(recorder.rows[i].scores, "val/loss"));
  }
  for (const char* name :
       {"spec.yaml", "run.json", "log.txt", "state/last.safetensors", "state/previous.safetensors",
        "weights/best.safetensors", "weights/last.safetensors", "tb/events.out.tfevents.cnn"}) {
    INFO(name);
    CHECK(file_exists(report.run + "/" + name));
  }
  const RunInfo info = RunInfo::parse(report.run + "/run.json");
  CHECK(info.status == "done");
  CHECK(info.epochs == 3);
  CHECK(info.seed == 7);
  CHECK(info.best->value == report.best->value);
  CHECK(contains(read_text(report.run + "/log.txt"), "epoch 3/3"));
  const SafetensorsReader file(report.run + "/weights/best.safetensors");
  CHECK(file.metadata().at("model") == "tiny");
  CHECK(file.metadata().at("input") == "[1,28,28]");
  CHECK(contains(file.metadata().at("classes"), "\"9\""));
}

TEST_CASE("the resolved model file in the run trains the same network") {
  const TemporaryFolder folder;
  const TrainReport first =
      train_here(folder, kTinyModel, "a", {"train.epochs=1", "train.lr=0.07"});
  StopFlags flags;
  Recorder recorder;
  TrainRequest request;
  request.out = folder.str("elsewhere");
  const TrainReport second = train(load(model_file_of(first.run)), request, recorder, flags);
  CHECK(weights(first) == weights(second));
}

TEST_CASE("the same bits with any number of threads and loader workers") {
  const TemporaryFolder folder;
  const int before = threads();
  std::string expected;
  for (const int count : {1, 2, 5}) {
    for (const char* workers : {"0", "1", "3"}) {
      set_threads(count);
      const TrainReport report =
          train_here(folder, kTinyModel, fmt::format("t{}w{}", count, workers),
                     {"train.epochs=2", std::string("train.workers=") + workers});
      if (expected.empty()) expected = weights(report);
      CHECK(weights(report) == expected);
    }
  }
  set_threads(before);
}

TEST_CASE("another seed gives another result, the same seed the same") {
  const TemporaryFolder folder;
  const std::string a = weights(train_here(folder, kTinyModel, "a", {"train.epochs=1"}));
  CHECK(a == weights(train_here(folder, kTinyModel, "b", {"train.epochs=1"})));
  CHECK(a != weights(train_here(folder, kTinyModel, "c", {"train.epochs=1", "train.seed=8"})));
}

TEST_CASE("accumulated batches make the same update as one large batch") {
  const TemporaryFolder folder;
  const std::vector<std::string> common = {"train.epochs=2", "train.optimizer={sgd: 0.05}"};
  auto large = common, small = common;
  large.push_back("train.batch_size=16");
  small.insert(small.end(), {"train.batch_size=4", "train.accumulate=4"});
  std::string model = kTinyModel;
  model.erase(model.find("  - {dropout: 0.2}\n"), 19);  // its numbers are drawn by batch
  const TrainReport a = train_here(folder, model, "large", large);
  const TrainReport b = train_here(folder, model, "small", small);
  CHECK(a.steps == b.steps);
  for (const char* name : {"c1.weight", "c1.bias", "out.weight"}) {
    const auto x = tensor(a.run + "/weights/last.safetensors", name);
    const auto y = tensor(b.run + "/weights/last.safetensors", name);
    double worst = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      worst = std::max(worst, static_cast<double>(std::abs(x[i] - y[i])));
    }
    CHECK(worst < 1e-5);
    CHECK(x != std::vector<float>(x.size(), 0));
  }
}

TEST_CASE("frozen parameters keep their bits while the others learn") {
  const TemporaryFolder folder;
  const TrainReport start = train_here(folder, kTinyModel, "start", {"train.epochs=0"});
  const TrainReport report =
      train_here(folder, kTinyModel, "frozen",
                 {"train.epochs=1", "train.params=[{match: c1.*, freeze: true}]"});
  const std::string a = start.run + "/weights/last.safetensors";
  const std::string b = report.run + "/weights/last.safetensors";
  CHECK(tensor(a, "c1.weight") == tensor(b, "c1.weight"));
  CHECK(tensor(a, "c1.bias") == tensor(b, "c1.bias"));
  CHECK(tensor(a, "out.weight") != tensor(b, "out.weight"));
}

TEST_CASE("row 80: training at a rate of 0 changes no weight") {
  const TemporaryFolder folder;
  const TrainReport start = train_here(folder, kTinyModel, "start", {"train.epochs=0"});
  const TrainReport report = train_here(folder, kTinyModel, "zero", {"train.lr=0"});
  CHECK(weights(start) == weights(report));
}

TEST_CASE("training starts from given weights") {
  const TemporaryFolder folder;
  const TrainReport first = train_here(folder, kTinyModel, "first", {"train.epochs=1"});
  TrainRequest request;
  request.out = folder.str("runs");
  request.name = "second";
  request.weights = first.run + "/weights/last.safetensors";
  StopFlags flags;
  Recorder recorder;
  const TrainReport second =
      train(load(folder.str("first.yaml"), {"train.epochs=0"}), request, recorder, flags);
  CHECK(weights(first) == weights(second));
}

TEST_CASE("a run stops at its limits with its state saved") {
  const TemporaryFolder folder;
  SECTION("steps") {
    const TrainReport report = train_here(folder, kTinyModel, "steps", {"train.max_steps=7"});
    CHECK(report.status == TrainReport::Status::kStopped);
    CHECK(report.steps == 7);
    CHECK(report.epochs == 1);
    CHECK(RunInfo::parse(report.run + "/run.json").status == "stopped");
  }
  SECTION("steps at the end of an epoch: it is validated first") {
    CHECK(train_here(folder, kTinyModel, "steps", {"train.max_steps=10"}).epochs == 2);
  }
  SECTION("time") {
    const TrainReport report =
        train_here(folder, kTinyModel, "time", {"train.epochs=100000", "train.time=0.2s"});
    CHECK(report.status == TrainReport::Status::kStopped);
    CHECK(contains(report.reason, "time"));
  }
  SECTION("patience") {
    const TrainReport report = train_here(
        folder, kTinyModel, "patience",
        {"train.epochs=50", "train.lr=0", "train.patience=2", "train.best={val/accuracy: max}"});
    CHECK(report.epochs == 3);  // the first is the best, then two without a better one
    CHECK(report.best->epoch == 1);
    CHECK(contains(report.reason, "val/accuracy"));
  }
}

TEST_CASE("the best epoch's weights are kept by the rule") {
  const TemporaryFolder folder;
  Recorder recorder;
  const TrainReport report = train_here(
      folder, kTinyModel, "best",
      {"train.epochs=6", "train.schedule=constant", "train.best={val/accuracy: max}"}, &recorder);
  double best = -1;
  int64_t epoch = 0;
  for (const EpochRow& row : recorder.rows) {
    const double value = *find_score(row.scores, "val/accuracy");
    CHECK(row.is_best == (value > best));
    if (value > best) epoch = row.epoch;
    best = std::max(best, value);
  }
  CHECK(report.best->value == best);
  CHECK(report.best->epoch == epoch);
  TestRequest request;
  request.weights = report.run + "/weights/best.safetensors";
  request.split = "val";
  const TestReport tested = test_model(load(model_file_of(report.run)), request);
  CHECK(*find_score(tested.metrics, "accuracy") == best);
}

TEST_CASE("without held-out data the best is the lowest training loss, with a note") {
  const TemporaryFolder folder;
  Recorder recorder;
  const TrainReport report = train_here(
      folder, kTinyModel, "all", {"data.val=0", "train.best={val/accuracy: max}"}, &recorder);
  CHECK(recorder.said("held out"));
  CHECK(report.best->metric == "train/loss");
  const CsvTable results = CsvTable::read(report.run + "/results.csv");
  CHECK(results.text(0, results.column("val/loss")).empty());
}

TEST_CASE("signals end a run with its state saved, or save and go on") {
  const TemporaryFolder folder;
  StopFlags flags;
  Recorder recorder;
  TrainRequest request;
  request.out = folder.str("runs");
  const ModelSpec spec = load(folder.file("m.yaml", kTinyModel));
  SECTION("row 67: SIGINT") {
    recorder.on_step = [&](const StepInfo& s) {
      if (s.step == 4) flags.stop_signal = SIGINT;
    };
    const TrainReport report = train(spec, request, recorder, flags);
    CHECK(report.exit == Exit::kInterrupted);
    CHECK(report.steps == 4);
    CHECK(RunInfo::parse(report.run + "/run.json").status == "interrupted");
  }
  SECTION("row 68: SIGTERM, at the last step of an epoch: validation is not begun") {
    recorder.on_step = [&](const StepInfo& s) {
      if (s.step == 5) flags.stop_signal = SIGTERM;
    };
    const TrainReport report = train(spec, request, recorder, flags);
    CHECK(report.exit == Exit::kTerminated);
    CHECK(report.epochs == 0);
  }
  SECTION("row 69: SIGHUP") {
    bool saved = false;
    recorder.on_step = [&](const StepInfo& s) {
      if (s.step == 2) flags.save_requested = true;
      if (s.step == 3) saved = file_exists(folder.str("runs/tiny/state/last.safetensors"));
    };
    CHECK(train(spec, request, recorder, flags).exit == Exit::kOk);
    CHECK(saved);
    CHECK_FALSE(flags.save_requested);
  }
}

TEST_CASE("training tells its metrics of the batches that it learns from") {
  const TemporaryFolder folder;
  Recorder recorder;
  // Weights that stay and no dropout: then what training sees is what testing sees.
  const std::vector<std::string> still = {"train.lr=0", "train.epochs=1", "train.batch_size=7"};
  const std::string model = replaced(kTinyModel, "  - {dropout: 0.2}\n", "");
  const TrainReport report = train_here(folder, model, "still", still, &recorder);
  TestRequest request;
  request.weights = report.run + "/weights/last.safetensors";
  request.split = "train";
  const TestReport test = test_model(load(folder.str("still.yaml"), still), request);
  REQUIRE(recorder.rows.size() == 1);
  const Scores& scores = recorder.rows[0].scores;
  CHECK(*find_score(scores, "train/accuracy") == *find_score(test.metrics, "accuracy"));
  CHECK(*find_score(scores, "train/loss") == Approx(*find_score(test.metrics, "loss")));
}

TEST_CASE("metrics of layers that training does not have are told of validation alone") {
  const TemporaryFolder folder;
  Recorder recorder;
  const std::string model =
      replaced(replaced(kTinyModel, "  - {linear: 10, name: out}\n",
                        "  - {linear: 10, name: out}\n"
                        "  - {tanh: ~, name: twice, from: out, phase: test}\n"),
               "metrics: [accuracy]", "metrics: [accuracy, {mean_square: ~, of: twice}]");
  train_here(folder, model, "phases", {"train.epochs=1"}, &recorder);
  REQUIRE(recorder.rows.size() == 1);
  const Scores& scores = recorder.rows[0].scores;
  CHECK(find_score(scores, "train/accuracy") != nullptr);
  CHECK(find_score(scores, "train/mean_square") == nullptr);
  CHECK(find_score(scores, "val/mean_square") != nullptr);
}

}  // namespace
}  // namespace cnn

// Interrupted and resumed runs end with the bits of one that was not interrupted.
#include <csignal>
#include <filesystem>
#include <fstream>

#include "base/files.h"
#include "base/rng.h"
#include "support/catch.h"
#include "support/training.h"
#include "train/checkpoint.h"
#include "train/run_dir.h"

namespace cnn {
namespace {

using namespace cnn::test;
namespace fs = std::filesystem;

// What ends a run in these tests as SIGKILL would: no code of the trainer runs after it.
struct Killed {};

struct Outcome {
  std::string last, best;
  std::string results;  // without times and memory, which differ
};

// The columns of results.csv that two equal runs share.
std::string stable_results(const std::string& path) {
  std::istringstream text(read_text(path));
  std::string out;
  for (std::string line; std::getline(text, line);) {
    std::vector<std::string> fields;
    std::istringstream stream(line);
    for (std::string field; std::getline(stream, field, ',');) fields.push_back(field);
    for (size_t i = 0; i < fields.size(); ++i) {
      const bool differs = i == 2 || i + 3 == fields.size() || i + 2 == fields.size();
      if (!differs) out += fields[i] + ",";
    }
    out += "\n";
  }
  return out;
}

Outcome outcome(const std::string& run) {
  return {read_text(run + "/weights/last.safetensors"),
          read_text(run + "/weights/best.safetensors"), stable_results(run + "/results.csv")};
}

void check_equal(const Outcome& a, const Outcome& b) {
  CHECK(a.last == b.last);
  CHECK(a.best == b.best);
  CHECK(a.results == b.results);
}

class Runs {
 public:
  explicit Runs(std::string model, std::vector<std::string> overrides = {})
      : overrides_(std::move(overrides)) {
    folder_.file("m.yaml", model);
  }
  const TemporaryFolder& folder() const { return folder_; }
  std::string run(const std::string& name) const { return folder_.str("runs/" + name); }

  TrainReport start(const std::string& name, Recorder& recorder, StopFlags& flags) {
    TrainRequest request;
    request.out = folder_.str("runs");
    request.name = name;
    return train(load(folder_.str("m.yaml"), overrides_), request, recorder, flags);
  }
  TrainReport resume(const std::string& name, Recorder& recorder, StopFlags& flags) {
    TrainRequest request;
    request.resume = run(name);
    return train(load(run(name) + "/spec.yaml"), request, recorder, flags);
  }
  Outcome whole() {
    Recorder recorder;
    StopFlags flags;
    start("whole", recorder, flags);
    return outcome(run("whole"));
  }

 private:
  TemporaryFolder folder_;
  std::vector<std::string> overrides_;
};

// Statistics, moments and accumulation too: everything that has a state.
constexpr const char* kModelWithState = R"(name: state
input: {image: [1, 28, 28]}
layers:
  - {avgpool: 4}
  - {conv: 4, kernel: 3, name: c1}
  - {bn, act: relu, name: n1}
  - flatten
  - {dropout: 0.3}
  - {linear: 10, name: out}
loss: {cross_entropy: out, target: label}
metrics: [accuracy]
data: {format: digits, train: 60, test: 20, val: 13}
train:
  epochs: 3
  batch_size: 5
  accumulate: 3
  optimizer: {adamw: 0.01}
  schedule: {one_cycle: 0.4}
  clip: 1.0
  ema: 0.98
  mixup: 0.3
  best: {val/accuracy: max}
  save_every: 2
)";

TEST_CASE("stopped by a signal at any step and resumed, a run has the same bits") {
  Runs runs(kModelWithState);
  const Outcome whole = runs.whole();
  for (const int64_t stop : {1, 4, 6, 7, 12}) {  // the 4th and 12th end an epoch
    const std::string name = "s" + std::to_string(stop);
    Recorder recorder;
    StopFlags flags;
    recorder.on_step = [&](const StepInfo& s) {
      if (s.step == stop) flags.stop_signal = SIGINT;
    };
    CHECK(runs.start(name, recorder, flags).exit == Exit::kInterrupted);
    StopFlags none;
    Recorder second;
    const TrainReport report = runs.resume(name, second, none);
    CHECK(report.status == TrainReport::Status::kDone);
    INFO("stopped at step " << stop);
    check_equal(outcome(runs.run(name)), whole);
    CHECK(RunInfo::parse(runs.run(name) + "/run.json").resumed == 1);
  }
}

TEST_CASE("row 66: killed at random steps, again and again, a run has the same bits") {
  Runs runs(kModelWithState);
  const Outcome whole = runs.whole();
  RandomSequence random(Rng(5, "kills"));
  for (int round = 0; round < 2; ++round) {
    const std::string name = "k" + std::to_string(round);
    bool fresh = true, done = false;
    for (int tries = 0; !done; ++tries) {
      REQUIRE(tries < 30);
      const auto until = static_cast<size_t>(1 + random.below(5));
      Recorder recorder;
      StopFlags flags;
      recorder.on_step = [&](const StepInfo&) {
        if (recorder.steps.size() == until) throw Killed();
      };
      try {
        fresh ? runs.start(name, recorder, flags) : runs.resume(name, recorder, flags);
        done = true;
      } catch (const Killed&) {
      }
      fresh = false;
    }
    check_equal(outcome(runs.run(name)), whole);
  }
}

TEST_CASE("row 61: a disk that fails at the n-th call is exit 6, and the run can be resumed") {
  Runs runs(kModelWithState, {"train.epochs=1"});
  const Outcome whole = runs.whole();
  int failures = 0;
  for (int n = 0; n < 200; n += n < 30 ? 3 : 17) {
    const std::string name = "d" + std::to_string(n);
    int calls = 0;
    set_file_faults([&](std::string_view) { return calls++ == n ? ENOSPC : 0; });
    Recorder recorder;
    StopFlags flags;
    bool failed = false;
    try {
      runs.start(name, recorder, flags);
    } catch (const Error& error) {
      CHECK(error.code() == Exit::kResource);
      failed = true;
    }
    set_file_faults({});
    if (!failed) continue;  // a call that did not matter: the removal of a temporary file
    ++failures;
    for (const auto& entry : fs::recursive_directory_iterator(runs.folder().str())) {
      INFO("call " << n << ": " << entry.path());
      CHECK(entry.path().extension() != ".tmp");
    }
    if (!is_run_directory(runs.run(name))) continue;  // it never began
    StopFlags none;
    Recorder second;
    INFO("failed at call " << n);
    runs.resume(name, second, none);
    check_equal(outcome(runs.run(name)), whole);
  }
  CHECK(failures > 10);
}

TEST_CASE("whatever the disk does, results.csv, run.json and weights/best tell of the same epoch") {
  Runs runs(kModelWithState, {"train.epochs=2", "train.best={train/loss: min}"});
  const auto best_file = [&](const std::string& name) {
    const std::string path = runs.run(name) + "/weights/best.safetensors";
    return file_exists(path) ? read_text(path) : "";
  };
  std::vector<std::string> best = {""};  // by epoch
  class Epochs : public Recorder {
   public:
    explicit Epochs(std::function<void()> ended) : ended_(std::move(ended)) {}
    void epoch_ended(const EpochRow&) override { ended_(); }

   private:
    std::function<void()> ended_;
  } epochs([&] { best.push_back(best_file("whole")); });
  StopFlags flags;
  runs.start("whole", epochs, flags);
  REQUIRE(best.size() == 3);
  REQUIRE(best[1] != best[2]);

  int failures = 0;
  for (int n = 0; n < 1000; ++n) {
    const std::string name = "d" + std::to_string(n);
    int calls = 0;
    set_file_faults([&](std::string_view) { return calls++ == n ? ENOSPC : 0; });
    Recorder recorder;
    bool failed = false;
    try {
      runs.start(name, recorder, flags);
    } catch (const Error&) {
      failed = true;
    }
    set_file_faults({});
    if (calls <= n) break;  // the run has no more
    if (!failed || !is_run_directory(runs.run(name))) continue;
    ++failures;
    INFO("failed at call " << n);
    const std::string csv = runs.run(name) + "/results.csv";
    const std::string rows = file_exists(csv) ? read_text(csv) : "";
    const size_t named = contains(rows, "\n2,") ? 2 : contains(rows, "\n1,") ? 1 : 0;
    CHECK(best_file(name) == best[named]);
    const RunInfo info = RunInfo::parse(runs.run(name) + "/run.json");
    if (info.status != "failed") continue;  // the fault has hit run.json itself
    CHECK((info.best ? info.best->epoch : 0) == static_cast<int64_t>(named));
  }
  CHECK(failures > 20);
}

TEST_CASE("row 59: where the newest checkpoint is damaged, the one before it is used") {
  Runs runs(kModelWithState);
  const Outcome whole = runs.whole();
  Recorder recorder;
  StopFlags flags;
  recorder.on_step = [&](const StepInfo& s) {
    if (s.step == 9) flags.stop_signal = SIGINT;
  };
  runs.start("hurt", recorder, flags);
  const std::string last = runs.run("hurt") + "/state/last.safetensors";
  const std::string good = read_text(last);
  const auto write = [&](const std::string& bytes) {
    std::ofstream(last, std::ios::binary | std::ios::trunc) << bytes;
  };
  SECTION("a flipped bit") {
    std::string bad = good;
    bad[bad.size() - 5] = static_cast<char>(bad[bad.size() - 5] ^ 1);
    write(bad);
  }
  SECTION("cut off") { write(good.substr(0, good.size() / 2)); }
  SECTION("empty") { write(""); }
  SECTION("gone") { fs::remove(last); }
  Recorder second;
  StopFlags none;
  runs.resume("hurt", second, none);
  CHECK(second.said("warning"));
  check_equal(outcome(runs.run("hurt")), whole);
}

TEST_CASE("where both checkpoints are damaged the run is refused and stays as it was") {
  Runs runs(kModelWithState, {"train.epochs=1"});
  Recorder recorder;
  StopFlags flags;
  runs.start("x", recorder, flags);
  for (const char* name : {"last", "previous"}) {
    std::ofstream(runs.run("x") + "/state/" + name + ".safetensors") << "garbage";
  }
  const std::string before = read_text(runs.run("x") + "/run.json");
  Recorder second;
  CHECK(error_of(Exit::kInput, [&] { runs.resume("x", second, flags); }) != "");
  CHECK(read_text(runs.run("x") + "/run.json") == before);
}

TEST_CASE("row 74: a torn last line of results.csv is repaired on resume") {
  Runs runs(kModelWithState);
  const Outcome whole = runs.whole();
  Recorder recorder;
  StopFlags flags;
  recorder.on_step = [&](const StepInfo& s) {
    if (s.step == 7) flags.stop_signal = SIGINT;
  };
  runs.start("torn", recorder, flags);
  const std::string csv = runs.run("torn") + "/results.csv";
  SECTION("a row that the checkpoint does not know, and half of another") {
    std::ofstream(csv, std::ios::app) << "2,8,1.0,0.1,1,1,1,1,1,0\n3,12,1.";
  }
  SECTION("cut within the last row") { fs::resize_file(csv, fs::file_size(csv) - 3); }
  Recorder second;
  StopFlags none;
  runs.resume("torn", second, none);
  const std::string text = read_text(csv);
  CHECK(text.back() == '\n');
  CHECK(contains(text, "\n3,12,"));
}

TEST_CASE("a run without a checkpoint yet starts from its beginning") {
  Runs runs(kModelWithState, {"train.save_every=0"});
  const Outcome whole = runs.whole();
  Recorder recorder;
  StopFlags flags;
  recorder.on_step = [](const StepInfo&) { throw Killed(); };
  CHECK_THROWS_AS(runs.start("early", recorder, flags), Killed);
  CHECK_FALSE(has_checkpoint(runs.run("early")));
  Recorder second;
  runs.resume("early", second, flags);
  check_equal(outcome(runs.run("early")), whole);
}

TEST_CASE("a finished run can be resumed for more epochs, or changes nothing") {
  Runs runs(kModelWithState, {"train.schedule=constant", "train.epochs=2"});
  Recorder recorder;
  StopFlags flags;
  runs.start("a", recorder, flags);
  const Outcome two = outcome(runs.run("a"));
  Recorder again;
  CHECK(runs.resume("a", again, flags).epochs == 2);
  CHECK(again.steps.empty());
  check_equal(outcome(runs.run("a")), two);

  Runs longer(kModelWithState, {"train.schedule=constant"});
  const Outcome three = longer.whole();
  TrainRequest request;
  request.resume = runs.run("a");
  Recorder more;
  train(load(runs.run("a") + "/spec.yaml", {"train.epochs=3"}), request, more, flags);
  check_equal(outcome(runs.run("a")), three);
}

TEST_CASE(
    "a resumed run's spec.yaml is what trains now, and run.json lists what was changed when") {
  Runs runs(kModelWithState, {"train.epochs=1", "train.schedule=constant"});
  Recorder recorder;
  StopFlags flags;
  runs.start("a", recorder, flags);
  const std::string file = runs.run("a") + "/spec.yaml";
  const std::string first = read_text(file);
  runs.resume("a", recorder, flags);
  CHECK(read_text(file) == first);

  TrainRequest request;
  request.resume = runs.run("a");
  request.command = "cnn train --resume a --epochs 2";
  Recorder more;
  train(load(file, {"train.epochs=2", "train.clip=~"}), request, more, flags);
  CHECK(more.said("train.epochs=2"));
  CHECK(load(file).root.find("train")->find("epochs")->text() == "2");
  CHECK(load(file).root.find("train")->find("clip") == nullptr);
  const RunInfo info = RunInfo::parse(runs.run("a") + "/run.json");
  CHECK(info.resumed == 2);
  REQUIRE(info.resumptions.size() == 2);
  CHECK(info.resumptions[0].overrides.empty());
  CHECK(info.resumptions[1].overrides ==
        std::vector<std::string>{"train.epochs=2", "train.clip=~"});
  CHECK(info.resumptions[1].command == request.command);
  CHECK(info.resumptions[1].epochs == 1);
  CHECK(info.resumptions[1].steps == 4);
  CHECK_FALSE(info.resumptions[1].time.empty());

  TrainRequest anew;
  anew.out = runs.folder().str("runs");
  anew.name = "b";
  train(load(file), anew, more, flags);
  CHECK(read_text(runs.run("b") + "/spec.yaml") == read_text(file));
  CHECK(RunInfo::parse(runs.run("b") + "/run.json").epochs == 2);
}

TEST_CASE("a resumption that is refused leaves spec.yaml as it was") {
  Runs runs(kModelWithState, {"train.epochs=1"});
  Recorder recorder;
  StopFlags flags;
  runs.start("a", recorder, flags);
  const std::string before = read_text(runs.run("a") + "/spec.yaml");
  TrainRequest request;
  request.resume = runs.run("a");
  CHECK(error_of(Exit::kInput, [&] {
          train(load(runs.run("a") + "/spec.yaml", {"train.epochs=2", "metrics=[accuracy, top5]"}),
                request, recorder, flags);
        }) != "");
  CHECK(read_text(runs.run("a") + "/spec.yaml") == before);
}

TEST_CASE("within an epoch, a run cannot go on with other batches") {
  Runs runs(kModelWithState);
  Recorder recorder;
  StopFlags flags;
  recorder.on_step = [&](const StepInfo& s) {
    if (s.step == 2) flags.stop_signal = SIGINT;
  };
  runs.start("a", recorder, flags);
  TrainRequest request;
  request.resume = runs.run("a");
  StopFlags none;
  Recorder second;
  for (const char* change : {"train.batch_size=4", "train.accumulate=1", "train.seed=3"}) {
    INFO(change);
    CHECK(contains(error_of(Exit::kInput,
                            [&] {
                              train(load(runs.run("a") + "/spec.yaml", {change}), request, second,
                                    none);
                            }),
                   "within an epoch"));
  }
  // Another optimizer has no moments there.
  CHECK(contains(error_of(Exit::kInput,
                          [&] {
                            train(load(runs.run("a") + "/spec.yaml",
                                       {"train.optimizer={sgd: 1, momentum: 0.9}"}),
                                  request, second, none);
                          }),
                 "velocity"));
}

TEST_CASE("a run cannot go on with other columns of results") {
  Runs runs(kModelWithState, {"train.epochs=1"});
  Recorder recorder;
  StopFlags flags;
  runs.start("a", recorder, flags);
  const std::string before = read_text(runs.run("a") + "/results.csv");
  TrainRequest request;
  request.resume = runs.run("a");
  CHECK(contains(error_of(Exit::kInput,
                          [&] {
                            train(load(runs.run("a") + "/spec.yaml",
                                       {"train.epochs=2", "metrics=[accuracy, top5]"}),
                                  request, recorder, flags);
                          }),
                 "other columns"));
  CHECK(read_text(runs.run("a") + "/results.csv") == before);
}

}  // namespace
}  // namespace cnn

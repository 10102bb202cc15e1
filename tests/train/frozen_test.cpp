// A frozen beginning is computed once: the same bits as without, wherever its values are kept, and
// only where they are the same in every epoch.
#include "base/parallel.h"
#include "support/catch.h"
#include "support/training.h"

namespace cnn {
namespace {

using namespace cnn::test;

// Two values go on into what is trained, one of them behind a frozen bn; 43 samples for training.
constexpr const char* kFrozen = R"(name: body
input: {image: [1, 28, 28]}
layers:
  - {conv: 6, kernel: 3, stride: 2, act: relu, name: c1, freeze: true}
  - {bn: ~, name: b1, freeze: true}
  - {avgpool: 2, name: p1}
  - {conv: 8, kernel: 3, act: relu, name: c2, freeze: true}
  - {gap: ~, name: far}
  - {gap: ~, from: p1, name: near}
  - {linear: 8, name: learned}
  - {concat: [learned, far]}
  - {linear: 16, act: relu, name: middle}
  - {dropout: 0.2, name: drop}
  - {linear: 10, name: out}
loss: {cross_entropy: out, target: label}
metrics: [accuracy]
data: {format: digits, train: 60, test: 40, val: 17}
train: {epochs: 3, batch_size: 8, val_batch_size: 5, optimizer: {sgd: 0.1, momentum: 0.9}, seed: 7}
)";

struct Run {
  std::string weights, best, said;
  std::vector<Scores> scores;
  uint64_t planned = 0;
};

Run run(const TemporaryFolder& folder, const std::string& model, const std::string& name,
        const std::vector<std::string>& overrides = {}, uint64_t memory = 0) {
  Recorder recorder;
  StopFlags flags;
  TrainRequest request;
  request.out = folder.str("runs");
  request.name = name;
  request.memory_limit = memory;
  const std::string path = folder.file(name + ".yaml", model);
  const std::string run = train(load(path, overrides), request, recorder, flags).run;
  Run result{read_text(run + "/weights/last.safetensors"),
             read_text(run + "/weights/best.safetensors"),
             "",
             {},
             recorder.outline.planned_bytes};
  for (const std::string& line : recorder.lines) result.said += line + "\n";
  for (const EpochRow& row : recorder.rows) result.scores.push_back(row.scores);
  return result;
}

bool says(const Run& run, std::string_view part) {
  return run.said.find(part) != std::string::npos;
}

void check_same(const Run& a, const Run& b) {
  CHECK(a.weights == b.weights);
  CHECK(a.best == b.best);
  CHECK(a.scores == b.scores);
}

}  // namespace

TEST_CASE("what frozen layers make is kept in memory or in a file or nowhere: the same bits") {
  const TemporaryFolder folder;
  for (const std::vector<std::string>& how :
       std::vector<std::vector<std::string>>{{},
                                             {"train.accumulate=3"},
                                             {"train.sampler=balanced"},
                                             {"train.ema=0.9", "train.workers=0"},
                                             {"train.max_steps=4"}}) {
    std::vector<std::string> off = how;
    off.push_back("train.keep_frozen=false");
    const Run without = run(folder, kFrozen, "without", off);
    CHECK(says(without, "the first 8 layers are frozen; what they make of a sample is computed"));
    const Run with = run(folder, kFrozen, "with", how);
    CHECK(says(with,
               "the first 8 layers are frozen: their outputs ([8], [6] of 60 samples, 3.3 "
               "KiB) are computed once"));
    check_same(with, without);
    const Run in_file = run(folder, kFrozen, "file", how, without.planned);
    CHECK(says(in_file, "0 B find room in memory, others in a file"));
    check_same(in_file, without);
    const Run in_both = run(folder, kFrozen, "both", how, without.planned + 1000);
    CHECK(says(in_both, "1000 B find room in memory, others in a file"));
    check_same(in_both, without);
  }
}

TEST_CASE("threads and loaders change nothing in what frozen layers make") {
  const TemporaryFolder folder;
  const Run one = run(folder, kFrozen, "one");
  set_threads(3);
  const Run three = run(folder, kFrozen, "three", {"train.workers=3"});
  set_threads(1);
  check_same(one, three);
}

TEST_CASE("a network with a frozen beginning learns as the whole network does and needs less") {
  const TemporaryFolder folder;
  // Chance before all other layers: nothing is the same in every epoch.
  const std::string drawn = replaced(kFrozen, "layers:\n", "layers:\n  - {dropout: 0, name: d}\n");
  const Run whole = run(folder, drawn, "whole"), split = run(folder, kFrozen, "split");
  CHECK(says(whole, "those in training change from epoch to epoch"));
  CHECK(split.planned < whole.planned);
  REQUIRE(whole.scores.size() == split.scores.size());
  for (size_t epoch = 0; epoch < whole.scores.size(); ++epoch) {
    for (size_t i = 0; i < whole.scores[epoch].size(); ++i) {
      CHECK(whole.scores[epoch][i].second == Approx(split.scores[epoch][i].second).epsilon(1e-4));
    }
  }
}

TEST_CASE("only what is the same in every epoch is kept") {
  const TemporaryFolder folder;
  const auto said = [&](const std::string& model, const std::vector<std::string>& overrides = {}) {
    std::vector<std::string> all = overrides;
    all.push_back("train.epochs=1");
    return run(folder, model, "said", all);
  };
  // Statistics that move; a layer that learns before frozen ones; chance between them.
  CHECK(says(said(replaced(kFrozen, "name: b1, freeze: true", "name: b1, freeze: weights")),
             "the first 2 layers are frozen"));
  CHECK(!says(said(replaced(kFrozen, "name: c1, freeze: true", "name: c1")), "frozen"));
  const std::string noise = "  - {noise: gaussian}\n  - {avgpool: 2";
  CHECK(says(said(replaced(kFrozen, "  - {avgpool: 2", noise)), "the first 3 layers are frozen"));
  // What training sees changes, what validation sees does not.
  for (const char* change : {"data.augment={pad: 2}", "train.mixup=0.2"}) {
    const Run changed = said(kFrozen, {change});
    CHECK(says(changed,
               "the first 8 layers are frozen: their outputs in validation ([8], [6] of "
               "17 samples, 952 B) are computed once"));
    check_same(changed, said(kFrozen, {change, "train.keep_frozen=false"}));
  }
  CHECK(!says(said(kFrozen, {"data.augment={pad: 2}", "data.val=0"}), "frozen"));
}

TEST_CASE("a run with frozen layers that is killed within an epoch goes on with the same bits") {
  const TemporaryFolder folder;
  struct Killed {};
  const Run whole = run(folder, kFrozen, "whole", {"train.save_every=2"});
  for (const int64_t step : {3, 8, 11}) {
    Recorder recorder;
    recorder.on_step = [&](const StepInfo& info) {
      if (info.step == step) throw Killed();
    };
    StopFlags flags;
    TrainRequest request;
    request.out = folder.str("runs");
    request.name = "killed" + std::to_string(step);
    const std::string path = folder.file("m.yaml", kFrozen);
    CHECK_THROWS_AS(train(load(path, {"train.save_every=2"}), request, recorder, flags), Killed);
    TrainRequest again;
    again.resume = folder.str("runs/" + request.name);
    Recorder calm;
    train(load(again.resume + "/spec.yaml"), again, calm, flags);
    CHECK(read_text(again.resume + "/weights/last.safetensors") == whole.weights);
  }
}

TEST_CASE("frozen layers over lists of varying length are computed once") {
  const TemporaryFolder folder;
  const std::string model = R"(name: lists
input: {text: {steps: {most: 19}, classes: 181}}
layers:
  - {embed: 8, name: words, freeze: true}
  - {lstm: 12, name: rnn, freeze: true}
  - {gru: 8, name: head}
  - {concat: [head.last, rnn.last]}
  - {linear: 10, name: out}
loss: {cross_entropy: out, target: label}
data: {from: sentences, train: 90, test: 20, val: 23}
train: {epochs: 2, batch_size: 12, optimizer: {adam: 1e-3}, seed: 3}
)";
  const Run with = run(folder, model, "with");
  CHECK(says(with, "the first 2 layers are frozen: their outputs (up to 19 x [12], [12] of 90"));
  check_same(with, run(folder, model, "without", {"train.keep_frozen=false"}));
}

TEST_CASE("the loss may read what frozen layers make") {
  const TemporaryFolder folder;
  const std::string model = R"(name: teacher
input: {image: [1, 28, 28]}
layers:
  - side: [{conv: 4, kernel: 5, stride: 3, act: relu, freeze: true, name: c}, {gap: ~}]
    name: teacher
  - {avgpool: 4}
  - flatten
  - {linear: 4, name: student}
loss: {mse: student, target: teacher}
data: {format: digits, train: 40, test: 20, val: 9}
train: {epochs: 2, batch_size: 8, optimizer: {sgd: 0.1}, seed: 3}
)";
  const Run with = run(folder, model, "with");
  CHECK(says(with, "layers are frozen: their outputs ([4] of 40 samples, 640 B)"));
  check_same(with, run(folder, model, "without", {"train.keep_frozen=false"}));
}

}  // namespace cnn

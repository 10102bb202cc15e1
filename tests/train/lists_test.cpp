// Networks over lists learn: sentences, and pictures several to a sample.
#include <csignal>
#include <cstring>
#include <map>
#include <numeric>

#include "base/parallel.h"
#include "data/digits.h"
#include "data/support.h"
#include "io/safetensors.h"
#include "model/feed.h"
#include "model/network.h"
#include "model/settings.h"
#include "model/weights.h"
#include "support/catch.h"
#include "support/models.h"
#include "support/training.h"
#include "train/run_dir.h"

namespace cnn {
namespace {

using namespace cnn::test;

constexpr int64_t kClasses = 4, kMost = 5;

// Sample i is 1 to 5 drawings of the digit i % 4.
class Drawings final : public Dataset {
 public:
  explicit Drawings(int64_t size) : size_(size) {
    fields_ = {{"pictures", {1, kDigitSide, kDigitSide}, FieldKind::kValues, 0},
               {"label", {1}, FieldKind::kClass, kClasses}};
    fields_[0].items = Items::up_to(kMost);
    for (int64_t i = 0; i < 30 * size; ++i) of_class_[digit_class(1, "lists", i)].push_back(i);
  }
  int64_t size() const override { return size_; }
  void read(int64_t index, std::span<float* const> out) const override {
    std::vector<int64_t> items(2);
    read_items(index, nullptr, out, items);
  }
  void read_items(int64_t index, const Draw*, std::span<float* const> out,
                  std::span<int64_t> items) const override {
    const auto label = static_cast<int>(index % kClasses);
    items[0] = 1 + index * 7 % kMost;
    items[1] = 1;
    if (out[1] != nullptr) *out[1] = static_cast<float>(label);
    const std::vector<int64_t>& drawings = of_class_.at(label);
    for (int64_t t = 0; out[0] != nullptr && t < items[0]; ++t) {
      std::array<uint8_t, kDigitPixels> pixels;
      draw_digit(1, "lists", drawings[static_cast<size_t>(index / kClasses * kMost + t)], pixels);
      std::transform(pixels.begin(), pixels.end(), out[0] + t * kDigitPixels,
                     [](uint8_t p) { return static_cast<float>(p) / 255.0f; });
    }
  }
  std::string origin(int) const override { return "drawings"; }
  std::string fingerprint() const override { return "drawings"; }

 private:
  int64_t size_;
  std::map<int, std::vector<int64_t>> of_class_;
};

constexpr const char* kAlbum = R"(name: album
input: {pictures: {steps: {most: 5}, shape: [1, 28, 28]}}
layers:
  - {avgpool: 2}
  - {conv: 6, kernel: 5, stride: 2, name: c1}
  - {bn, act: relu, name: b1}
  - flatten
  - {linear: 16, act: relu, name: code}
  - {reduce: mean}
  - {linear: 4, name: out}
loss: {cross_entropy: out, target: label}
train: {batch_size: 16, optimizer: {adam: 3e-3}}
)";

struct Trained {
  std::vector<double> losses;  // by step
  std::vector<float> weights;
};

// The last batch of each epoch is smaller.
Trained train_album(const std::shared_ptr<const Dataset>& drawings, int steps, int workers) {
  const ModelSpec spec = spec_of(kAlbum);
  const TrainSettings settings = read_train_settings(spec);
  Network network(spec, true);
  network.plan({{Pass::training(), settings.batch_size}});
  network.allocate();
  network.store().initialize(1);
  settings.optimizer->attach(network.store());
  DataView view{drawings, std::vector<int64_t>(static_cast<size_t>(drawings->size()))};
  std::iota(view.indices.begin(), view.indices.end(), 0);
  Feed feed(network.train_graph(), view,
            {.batch_size = settings.batch_size, .shuffle = true, .seed = 3, .workers = workers});
  Executor& executor = network.executor(0);
  Trained result;
  for (int64_t step = 0, epoch = 0; step < steps; ++step) {
    int64_t n = step == 0 ? 0 : feed.next(executor);
    if (n == 0) {
      feed.start_epoch(epoch++);
      n = feed.next(executor);
    }
    executor.forward(n, 1, static_cast<uint64_t>(step));
    result.losses.push_back(executor.total_loss());
    executor.backward();
    CHECK_FALSE(settings.optimizer->update(settings.learning_rate()).has_value());
  }
  const std::span<float> values = network.store().value_arena();
  result.weights.assign(values.begin(), values.end());
  return result;
}

double mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Trains a model file; the folder must outlive what is read from the run.
TrainReport train_model(const TemporaryFolder& folder, const std::string& path,
                        const std::vector<std::string>& overrides, const std::string& name) {
  Recorder recorder;
  StopFlags flags;
  TrainRequest request;
  request.out = folder.str("runs");
  request.name = name;
  return train(load(path, overrides), request, recorder, flags);
}

double best_accuracy(const TrainReport& report) {
  REQUIRE(report.best.has_value());
  CHECK(report.best->metric == "val/accuracy");
  return report.best->value;
}

// Frames in streams: what the shift carries is in the checkpoint.
constexpr const char* kStream = R"(name: stream
input: {image: {steps: 4, shape: [3]}}
layers:
  - {linear: 6, act: tanh, name: a}
  - {shift: 1, carry: true, name: before}
  - {concat: [a, before]}
  - {linear: 3, name: out}
loss: {cross_entropy: out, target: label}
data: {format: npy, inputs: x.npy, targets: y.npy, lists: both, val: 8}
train: {epochs: 2, batch_size: 5, stream: true, optimizer: {sgd: 0.2}, seed: 2}
)";

struct StreamFolder : TemporaryFolder {
  StreamFolder() {
    std::vector<float> x;
    std::vector<int64_t> y;
    for (int i = 0; i < 50 * 4; ++i) {
      for (int k = 0; k < 3; ++k) x.push_back(static_cast<float>(i * 7 % 5 == k));
      y.push_back(i * 7 % 3);
    }
    write_npy(str("x.npy"), {50, 4, 3}, x);
    file("y.npy", npy_int64("(50, 4)", y));
    model = file("m.yaml", kStream);
  }
  TrainReport run(const std::string& name, int64_t stop = 0, const std::string& resume = "") const {
    Recorder recorder;
    StopFlags flags;
    recorder.on_step = [&](const StepInfo& s) {
      if (s.step == stop) flags.stop_signal = SIGINT;
    };
    TrainRequest request;
    request.out = str("runs");
    request.name = name;
    request.resume = resume;
    return train(load(resume.empty() ? model : resume + "/spec.yaml"), request, recorder, flags);
  }
  std::string model;
};

TEST_CASE("a stream that is stopped within an epoch goes on with what it carried") {
  const StreamFolder folder;
  const QuietLog log;
  const auto bits = [](const TrainReport& report) {
    return read_text(report.run + "/weights/last.safetensors");
  };
  const std::string whole = bits(folder.run("whole"));
  for (const int64_t stop : {3, 8, 11}) {  // the 8th ends an epoch
    const std::string name = fmt::format("s{}", stop);
    const TrainReport first = folder.run(name, stop);
    REQUIRE(first.exit == Exit::kInterrupted);
    CHECK(bits(folder.run("", 0, first.run)) == whole);
  }
  // Without what is carried the network would be another: what the checkpoint has is no matter of
  // course.
  CHECK(bits(folder.run("again")) == whole);
  const ModelSpec windows = load(folder.model, {"train.stream=false"});
  Recorder recorder;
  StopFlags flags;
  TrainRequest request;
  request.out = folder.str("runs");
  request.name = "windows";
  CHECK(bits(train(windows, request, recorder, flags)) != whole);
}

// A running text whose symbols are told from the one before, which is carried over windows.
struct TextFolder : TemporaryFolder {
  TextFolder() {
    std::string text;
    for (int i = 0; i < 400; ++i) text += "abcdefgh "[i * 7 % 31 % 9];
    file("t.txt", text);
    file("other.txt", text + "xyz");
    model = file("m.yaml", R"(name: text
input: {text: {steps: 6, classes: 12}}
layers:
  - {embed: 5, name: e}
  - {shift: 1, carry: true, name: before}
  - {concat: [e, before]}
  - {linear: 12, name: out}
loss: {cross_entropy: out, target: next}
data: {format: text, train: t.txt, val: 0.2}
train: {epochs: 2, batch_size: 4, stream: true, optimizer: {sgd: 0.2}, seed: 2}
)");
  }
  TrainReport run(const std::string& name, const std::vector<std::string>& changes = {},
                  int64_t stop = 0, const std::string& resume = "") const {
    Recorder recorder;
    StopFlags flags;
    recorder.on_step = [&](const StepInfo& s) {
      if (s.step == stop) flags.stop_signal = SIGINT;
    };
    TrainRequest request;
    request.out = str("runs");
    request.name = name;
    request.resume = resume;
    return train(load(resume.empty() ? model : resume + "/spec.yaml", changes), request, recorder,
                 flags);
  }
  std::string model;
};

TEST_CASE(
    "a text that is stopped in the middle of its streams or windows ends with the same bits") {
  const TextFolder folder;
  const QuietLog log;
  const auto bits = [](const TrainReport& report) {
    return read_text(report.run + "/weights/last.safetensors");
  };
  std::vector<std::string> ends;
  for (const std::string stream : {"train.stream=true", "train.stream=false"}) {
    const std::string name = stream.substr(13, 1);
    const std::string whole = bits(folder.run(name + "whole", {stream, "train.workers=0"}));
    CHECK(bits(folder.run(name + "workers", {stream, "train.workers=3"})) == whole);
    for (const int64_t stop : {2, 15}) {
      const TrainReport first = folder.run(fmt::format("{}{}", name, stop), {stream}, stop);
      REQUIRE(first.exit == Exit::kInterrupted);
      CHECK(bits(folder.run("", {}, 0, first.run)) == whole);
    }
    ends.push_back(whole);
  }
  CHECK(ends[0] != ends[1]);
}

TEST_CASE("weights keep the symbols of a text and a run does not go on with others") {
  const TextFolder folder;
  const QuietLog log;
  const TrainReport first = folder.run("first");
  const WeightsInfo info = read_weights_info(first.run + "/weights/last.safetensors");
  REQUIRE(info.vocabulary);
  CHECK(info.vocabulary->size() == 9);
  CHECK(info.vocabularies.at("next")->decode(std::vector<int64_t>{1, 0, 2}) == "a b");
  const std::vector<std::string> other = {"data.train=" + folder.str("other.txt"),
                                          "train.epochs=3"};
  const std::string problem = error_of(Exit::kInput, [&] { folder.run("", other, 0, first.run); });
  CHECK(contains(problem, "9 symbols (character) against 12 (character)"));
  CHECK(contains(problem, "number 9 is not there against 'x'"));
}

TEST_CASE("a run that carries may go on with another batch at an epoch's end") {
  const StreamFolder folder;
  const QuietLog log;
  Recorder recorder;
  StopFlags flags;
  TrainRequest request;
  request.out = folder.str("runs");
  request.resume = train(load(folder.model, {"train.epochs=1"}), request, recorder, flags).run;
  const ModelSpec spec =
      load(request.resume + "/spec.yaml", {"train.batch_size=7", "train.epochs=2"});
  const TrainReport report = train(spec, request, recorder, flags);
  CHECK(report.status == TrainReport::Status::kDone);
}

TEST_CASE("numbers of lists are checked against what their loss takes") {
  const TemporaryFolder folder;
  std::vector<float> y(24, 0.5f);
  y[20] = 3;  // of the last sample
  write_npy(folder.str("x.npy"), {6, 4, 3}, std::vector<float>(72, 1));
  write_npy(folder.str("y.npy"), {6, 4, 1}, y);
  const ModelSpec spec = load(folder.file("m.yaml", R"(name: bounded
input: {image: {steps: 4, shape: [3]}}
layers: [{linear: 1, name: out}]
loss: {bce_logits: out, target: target}
data: {format: npy, inputs: x.npy, targets: y.npy, lists: both, shuffle: false}
train: {epochs: 1, batch_size: 3}
)"));
  TrainRequest request;
  request.out = folder.str("runs");
  Recorder recorder;
  StopFlags flags;
  const std::string problem =
      error_of(Exit::kInput, [&] { train(spec, request, recorder, flags); });
  CHECK(contains(problem, "y.npy: sample 5"));
  CHECK(contains(problem, "'target' has the number 3"));
}

TEST_CASE("a convolutional network learns from lists of pictures of varying length") {
  const auto drawings = std::make_shared<const Drawings>(150);
  const Trained run = train_album(drawings, 60, 2);
  const std::span<const double> losses = run.losses;
  CHECK(mean(losses.first(5)) > 1.0);
  CHECK(mean(losses.last(10)) < 0.4 * mean(losses.first(5)));
}

TEST_CASE("lists of pictures give the same bits with any number of threads and loader workers") {
  const auto drawings = std::make_shared<const Drawings>(60);
  const int before = threads();
  std::vector<float> expected;
  for (const int count : {1, 2, 3, 4}) {
    for (const int workers : {0, 3}) {
      set_threads(count);
      const Trained run = train_album(drawings, 9, workers);
      if (expected.empty()) expected = run.weights;
      REQUIRE(run.weights.size() == expected.size());
      CHECK(std::memcmp(run.weights.data(), expected.data(), expected.size() * sizeof(float)) == 0);
    }
  }
  set_threads(before);
}

TEST_CASE(
    "the text classifier tells sentences by the order of their words, a bag of words cannot") {
  const TemporaryFolder folder;
  const std::vector<std::string> few = {"data.train=3500", "data.val=500", "train.epochs=6"};
  const TrainReport ordered =
      train_model(folder, CNN_SOURCE_DIR "/models/text-classifier.yaml", few, "ordered");
  CHECK(best_accuracy(ordered) > 0.95);
  const std::string bag = folder.file("bag.yaml", R"(name: bag
extends: )" CNN_SOURCE_DIR R"(/models/text-classifier.yaml
layers:
  - {embed: 32}
  - {reduce: sum}
  - {linear: 64, act: relu}
  - {linear: 10, name: out}
)");
  const double counted = best_accuracy(train_model(folder, bag, few, "bag"));
  CHECK(counted > 0.5);
  CHECK(counted < 0.8);  // six of ten topics come in pairs of the same words
}

TEST_CASE("characters are learned from as words are, with other sizes alone") {
  const TemporaryFolder folder;
  const TrainReport report = train_model(folder, CNN_SOURCE_DIR "/models/text-classifier.yaml",
                                         {"data.unit=character", "vars.symbols=28", "vars.most=101",
                                          "data.train=400", "data.val=100", "train.epochs=1"},
                                         "characters");
  CHECK(report.steps == 10);
  CHECK(best_accuracy(report) > 0.1);
}

TEST_CASE("sentences train to the same bits with any number of threads and loader workers") {
  const TemporaryFolder folder;
  const int before = threads();
  std::string expected;
  for (const int count : {1, 4}) {
    for (const char* workers : {"0", "3"}) {
      set_threads(count);
      const TrainReport report = train_model(folder, CNN_SOURCE_DIR "/models/text-classifier.yaml",
                                             {"data.train=300", "data.val=20", "train.epochs=1",
                                              std::string("train.workers=") + workers},
                                             fmt::format("t{}w{}", count, workers));
      const std::string weights = read_text(report.run + "/weights/last.safetensors");
      if (expected.empty()) expected = weights;
      CHECK(weights == expected);
    }
  }
  set_threads(before);
}

}  // namespace
}  // namespace cnn

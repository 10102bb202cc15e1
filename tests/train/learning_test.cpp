// Networks of every structure learn; what goes wrong in numbers is caught.
#include <cmath>
#include <limits>

#include "io/safetensors.h"
#include "support/catch.h"
#include "support/training.h"
#include "train/run_dir.h"

namespace cnn {
namespace {

using namespace cnn::test;

struct Run {
  TrainReport report;
  Recorder recorder;
};

// Trains `model`; the folder must outlive what is read from the run.
Run run(const TemporaryFolder& folder, const std::string& model,
        const std::vector<std::string>& overrides = {}, const std::string& weights = "") {
  Run result;
  StopFlags flags;
  TrainRequest request;
  request.out = folder.str("runs");
  request.weights = weights;
  result.report =
      train(load(folder.file("m.yaml", model), overrides), request, result.recorder, flags);
  return result;
}

double score(const EpochRow& row, const char* name) { return *find_score(row.scores, name); }

TEST_CASE("a small network learns the digits") {
  const TemporaryFolder folder;
  const Run r = run(folder, R"(name: digits
input: {image: [1, 28, 28]}
layers:
  - {conv: 8, kernel: 5, stride: 2, act: relu}
  - {maxpool: 2}
  - flatten
  - {linear: 32, act: relu}
  - {linear: 10, name: out}
loss: {cross_entropy: out, target: label}
metrics: [accuracy, {topk: 2}]
data: {format: digits, train: 1200, test: 20, val: 200}
train: {epochs: 4, batch_size: 20, optimizer: {sgd: 0.05, momentum: 0.9}, schedule: cosine, seed: 1}
)");
  const EpochRow& last = r.recorder.rows.back();
  CHECK(score(last, "val/accuracy") > 0.8);
  CHECK(score(last, "val/top2") >= score(last, "val/accuracy"));
  CHECK(score(last, "train/loss") < 0.5 * score(r.recorder.rows.front(), "train/loss"));
}

TEST_CASE("a skip connection, a repeated block with arguments and a side head train together") {
  const TemporaryFolder folder;
  const Run r = run(folder, R"(name: rich
input: {image: [1, 28, 28]}
vars: {classes: 10}
blocks:
  residual:
    args: {out: ~, stride: 1}
    layers:
      - {conv: $out, kernel: 3, stride: $stride, pad: 1, name: conv1}
      - {bn, act: relu, name: bn1}
      - {conv: $out, kernel: 3, pad: 1, name: conv2}
      - seq: [{conv: $out, kernel: 1, stride: $stride}, bn]
        name: downsample
        from: in
        if: $(stride != 1 or in.c != out)
      - {add: [conv2, downsample], act: relu}
layers:
  - {avgpool: 4}
  - {residual: 4, repeat: 2, first: {stride: 2}, name: stage1}
  - side:
      - flatten
      - {linear: $classes, name: aux}
    phase: train
    name: head
  - {residual: 8, repeat: 2, name: stage2}
  - {gap, name: pool}
  - {linear: $classes, name: out}
loss:
  - {cross_entropy: out, target: label}
  - {cross_entropy: head.aux, target: label, weight: 0.3}
metrics: [accuracy]
data: {format: digits, train: 400, test: 20, val: 100}
train: {epochs: 6, batch_size: 20, optimizer: {adam: 1e-2}, seed: 2}
)");
  const double first = score(r.recorder.rows.front(), "train/loss");
  const double last = score(r.recorder.rows.back(), "train/loss");
  CHECK(last < 0.7 * first);
  const SafetensorsReader file(r.report.run + "/weights/last.safetensors");
  for (const char* name :
       {"stage1.0.conv1.weight", "stage1.1.conv2.bias", "head.aux.weight",
        "stage1.0.downsample.0.weight", "stage2.0.bn1.running_var", "out.bias"}) {
    INFO(name);
    CHECK(file.find(name) != nullptr);
  }
}

TEST_CASE("class weights turn a network towards the heavy class") {
  const TemporaryFolder folder;
  const std::string model = R"(name: weighted
input: {image: [1, 28, 28]}
layers:
  - {avgpool: 28, name: dark}
  - flatten
  - {linear: 10, name: out}
loss: {cross_entropy: out, target: label, class_weights: [1, 1, 1, 1, 1, 1, 1, 50, 1, 1]}
metrics: [recall, accuracy]
data: {format: digits, train: 200, test: 20, val: 50}
train: {epochs: 2, batch_size: 20, optimizer: {sgd: 0.5}, seed: 2}
)";
  const Run r = run(folder, model);
  const SafetensorsReader file(r.report.run + "/weights/last.safetensors");
  std::vector<float> bias(10);
  file.read(*file.find("out.bias"), bias);
  CHECK(std::max_element(bias.begin(), bias.end()) - bias.begin() == 7);
}

TEST_CASE("row 75: a loss that is not finite ends the run with layer and step") {
  const TemporaryFolder folder;
  StopFlags flags;
  Recorder recorder;
  TrainRequest request;
  request.out = folder.str("runs");
  const std::string path = folder.file("m.yaml", kTinyModel);
  SECTION("in the first step, from weights that are not finite") {
    const Run start = run(folder, kTinyModel, {"train.epochs=0"});
    const std::string bad = folder.str("bad.safetensors");
    {
      const SafetensorsReader file(start.report.run + "/weights/last.safetensors");
      SafetensorsWriter writer;
      for (const SafeTensor& tensor : file.tensors()) {
        std::vector<float> values(static_cast<size_t>(tensor.count));
        file.read(tensor, values);
        if (tensor.name == "c1.weight") values[3] = std::numeric_limits<float>::infinity();
        writer.add(tensor.name, tensor.shape, [values](int64_t first, std::span<float> out) {
          std::copy_n(values.begin() + first, out.size(), out.begin());
        });
      }
      writer.write(bad);
    }
    request.weights = bad;
    CHECK(contains(error_of(Exit::kInput, [&] { train(load(path), request, recorder, flags); }),
                   "c1.weight"));
    request.allow_non_finite_weights = true;
    request.name = "bad";
    const std::string problem =
        error_of(Exit::kDiverged, [&] { train(load(path), request, recorder, flags); });
    CHECK(contains(problem, "layer 'c1"));
    CHECK(contains(problem, "step 1 (epoch 1)"));
    CHECK(RunInfo::parse(folder.str("runs/bad/run.json")).status == "failed");
  }
  SECTION("in a later step; the last good checkpoint stands") {
    const std::string problem = error_of(Exit::kDiverged, [&] {
      train(load(path, {"train.lr=1e25", "train.save_every=1"}), request, recorder, flags);
    });
    CHECK(contains(problem, "layer '"));
    CHECK(contains(problem, "step "));
    // It can be read, so all of its numbers are finite.
    SafetensorsReader(folder.str("runs/tiny/state/last.safetensors")).verify();
  }
}

TEST_CASE("row 78: gradient spikes are clipped and counted, beyond the limit the run ends") {
  const TemporaryFolder folder;
  const Run clipped = run(folder, kTinyModel, {"train.clip=0.01", "train.epochs=1"});
  CHECK(clipped.report.clipped == clipped.report.steps);
  const Run free = run(folder, kTinyModel, {"train.clip=1000", "train.epochs=1"});
  CHECK(free.report.clipped == 0);
  const Run off = run(folder, kTinyModel, {"train.epochs=1"});
  CHECK(read_text(free.report.run + "/weights/last.safetensors") ==
        read_text(off.report.run + "/weights/last.safetensors"));
  CHECK(contains(error_of(Exit::kDiverged,
                          [&] { run(folder, kTinyModel, {"train.clip={norm: 1, limit: 1e-3}"}); }),
                 "train.clip"));
}

TEST_CASE("row 29: a batch beyond the data is an error, batch norm at batch 1 a warning") {
  const TemporaryFolder folder;
  const std::string problem = error_of(Exit::kSpec, [&] {
    run(folder, kTinyModel, {"train.epochs=1", "data.train=27"});
  });
  CHECK(contains(problem, "m.yaml:14:"));
  CHECK(contains(problem, "larger than the training data: 7 samples"));
  CHECK_FALSE(std::filesystem::exists(folder.str("runs")));
  std::string model = kTinyModel;
  model.replace(model.find("  - flatten"), 11, "  - {bn, name: n1}\n  - flatten");
  const Run r = run(folder, model, {"train.batch_size=1", "train.max_steps=2"});
  CHECK(r.recorder.said("warning: batch norm"));
  CHECK(contains(read_text(r.report.run + "/log.txt"), "warning: batch norm"));
}

TEST_CASE("row 27: what memory cannot hold is refused before step 0") {
  const TemporaryFolder folder;
  StopFlags flags;
  Recorder recorder;
  TrainRequest request;
  request.out = folder.str("runs");
  const std::string path = folder.file("m.yaml", kTinyModel);
  request.memory_limit = 50'000;
  const std::string limited =
      error_of(Exit::kResource, [&] { train(load(path), request, recorder, flags); });
  CHECK(contains(limited, "--memory"));
  size_t listed = 0;
  for (size_t at = limited.find(" for "); at != std::string::npos;
       at = limited.find(" for ", at + 1)) {
    ++listed;
  }
  CHECK(listed == 5);
  request.memory_limit = 0;
  std::string wide = kTinyModel;
  wide.insert(wide.find("  - {linear: 10"), "  - {linear: 1000000000, name: wide}\n");
  folder.file("wide.yaml", wide);
  const std::string huge = error_of(
      Exit::kResource, [&] { train(load(folder.str("wide.yaml")), request, recorder, flags); });
  CHECK(contains(huge, "for wide.weight"));
  CHECK(contains(huge, "available"));
  CHECK_FALSE(std::filesystem::exists(folder.str("runs")));
}

TEST_CASE("too large a batch is refused with the one that fits and makes the same updates") {
  const TemporaryFolder folder;
  StopFlags flags;
  Recorder recorder;
  TrainRequest request;
  request.out = folder.str("runs");
  folder.file("m.yaml", kTinyModel);
  const auto load_with = [&](const std::vector<std::string>& overrides) {
    return load_model(folder.str("m.yaml"), overrides, vocabulary());
  };
  const std::vector<std::string> large = {"data.train=500", "train.batch_size=384",
                                          "train.accumulate=2", "train.max_steps=1"};
  request.memory_limit = 1'000'000;
  const std::string text =
      error_of(Exit::kResource, [&] { train(load_with(large), request, recorder, flags); });
  INFO(text);
  const size_t at = text.find("--batch-size ");
  REQUIRE(at != std::string::npos);
  const int batch = std::stoi(text.substr(at + 13));
  const size_t times = text.find(" train.accumulate=");
  REQUIRE(times != std::string::npos);
  CHECK(batch * std::stoi(text.substr(times + 18)) == 768);
  std::vector<std::string> small = large;
  small[1] = fmt::format("train.batch_size={}", batch);
  small[2] = fmt::format("train.accumulate={}", 768 / batch);
  CHECK_NOTHROW(train(load_with(small), request, recorder, flags));
  request.memory_limit = 10'000;
  CHECK(contains(
      error_of(Exit::kResource, [&] { train(load_with(large), request, recorder, flags); }),
      "a batch of one sample needs"));
}

TEST_CASE("a model that cannot be trained leaves nothing behind") {
  const TemporaryFolder folder;
  std::string no_loss = kTinyModel;
  no_loss.erase(no_loss.find("loss:"), no_loss.find("data:") - no_loss.find("loss:"));
  CHECK(contains(error_of(Exit::kSpec, [&] { run(folder, no_loss); }), "no loss"));
  CHECK(contains(
      error_of(Exit::kUsage, [&] { run(folder, kTinyModel, {"train.best={val/acuracy: max}"}); }),
      "val/accuracy"));
  CHECK(error_of(Exit::kInput,
                 [&] { run(folder, kTinyModel, {}, folder.str("no.safetensors")); }) != "");
  CHECK_FALSE(std::filesystem::exists(folder.str("runs")));
}

}  // namespace
}  // namespace cnn

// Several targets a sample: classes, numbers and boxes of one table, one loss each.
#include <cmath>

#include "base/rng.h"
#include "data/catalogue.h"
#include "data/dataset.h"
#include "io/image.h"
#include "model/weights.h"
#include "support/catch.h"
#include "support/training.h"

namespace cnn {
namespace {

using namespace cnn::test;

// Grey pictures with a rectangle, wide or tall; its class, its brightness and its edges.
void write_rectangles(const TemporaryFolder& folder, int count) {
  std::string table = "file,kind,light,x0,y0,x1,y1\n";
  RandomSequence random(Rng(3, "rectangles"));
  const auto between = [&](int64_t low, int64_t high) {
    return low + static_cast<int64_t>(random.below(static_cast<uint64_t>(high - low + 1)));
  };
  for (int i = 0; i < count; ++i) {
    const bool is_wide = random.below(2) == 1;
    const int64_t width = is_wide ? 8 : 3, height = is_wide ? 3 : 8, light = between(100, 250);
    const int64_t x0 = between(0, 16 - width), y0 = between(0, 16 - height);
    Image image{16, 16, 1, std::vector<uint8_t>(256, 0)};
    for (int64_t y = y0; y < y0 + height; ++y) {
      for (int64_t x = x0; x < x0 + width; ++x) {
        image.values[static_cast<size_t>(16 * y + x)] = static_cast<uint8_t>(light);
      }
    }
    const std::string name = std::to_string(i) + ".png";
    write_png(folder.str(name), image);
    table += fmt::format("{},{},{},{},{},{},{}\n", name, is_wide ? "wide" : "tall",
                         static_cast<double>(light) / 255, x0, y0, x0 + width, y0 + height);
  }
  folder.file("t.csv", table);
}

constexpr const char* kModel = R"(name: rectangles
input: {image: [1, 16, 16]}
layers:
  - {conv: 8, kernel: 5, stride: 2, pad: 2, act: relu}
  - {conv: 16, kernel: 3, stride: 2, pad: 1, act: relu}
  - flatten
  - {linear: 32, act: relu, name: features}
  - {linear: 2, name: kind}
  - {linear: 1, name: light, from: features}
  - {linear: 4, name: edges, from: features}
loss:
  - {cross_entropy: kind, target: label}
  - {mse: light, target: target, weight: 10}
  - {huber: edges, target: boxes, weight: 0.1}
metrics:
  - accuracy
  - {reconstruction_error: ~, of: light, target: target, name: light}
  - {reconstruction_error: ~, of: edges, target: boxes, name: edges}
data:
  format: csv
  train: t.csv
  columns: {image: file, label: kind, targets: [light], boxes: [x0, y0, x1, y1]}
  channels: 1
  val: 40
  augment: {flip: both, crop: [16, 16], pad: 1}
train: {epochs: 16, batch_size: 10, optimizer: {adam: 5e-3}, seed: 1}
)";

struct Run {
  TrainReport report;
  Recorder recorder;
  double score(size_t row, const char* name) const {
    const double* found = find_score(recorder.rows.at(row).scores, name);
    REQUIRE(found != nullptr);
    return *found;
  }
};

Run run(const TemporaryFolder& folder, const std::vector<std::string>& overrides = {},
        const std::string& model = kModel) {
  Run result;
  StopFlags flags;
  TrainRequest request;
  request.out = folder.str("runs");
  result.report =
      train(load(folder.file("m.yaml", model), overrides), request, result.recorder, flags);
  return result;
}

TEST_CASE("three heads learn the class, the numbers and the box of one table") {
  const TemporaryFolder folder;
  write_rectangles(folder, 240);
  const Run r = run(folder);
  const size_t last = r.recorder.rows.size() - 1;
  std::string names;
  for (const auto& score : r.recorder.rows[last].scores) names += score.first + " ";
  INFO(names);
  CHECK(r.recorder.outline.train_samples == 200);
  CHECK(r.recorder.outline.val_samples == 40);
  CHECK(r.score(last, "train/loss") < 0.5 * r.score(0, "train/loss"));
  CHECK(r.score(last, "val/accuracy") > 0.9);
  CHECK(r.score(last, "val/light") < 0.015);  // half of what a constant leaves
  CHECK(r.score(last, "val/edges") < 0.5 * r.score(0, "val/edges"));
  CHECK(r.score(last, "val/edges") < 9);  // three pixels
}

TEST_CASE("a head whose target is not in the table is refused, limit and shuffle hold") {
  const TemporaryFolder folder;
  write_rectangles(folder, 60);
  std::string model = kModel;
  const std::string boxes = ", boxes: [x0, y0, x1, y1]";
  model.erase(model.find(boxes), boxes.size());
  const std::string message = error_of(Exit::kSpec, [&] { run(folder, {}, model); });
  CHECK(contains(message, "the model reads 'boxes', which the data set does not have"));
  const Run r = run(folder, {"data.limit=20", "data.val=10", "data.shuffle=false", "train.epochs=1",
                             "data.augment=~"});
  CHECK(r.recorder.outline.train_samples == 20);
  CHECK(r.recorder.outline.val_samples == 10);
}

TEST_CASE("a class that is ignored counts in no loss and no metric, its numbers do") {
  const TemporaryFolder folder;
  write_rectangles(folder, 40);
  std::string table = read_text(folder.str("t.csv"));
  for (const auto& [word, number] : {std::pair("wide", "1"), {"tall", "9"}}) {
    for (size_t at = table.find(word); at != std::string::npos; at = table.find(word)) {
      table.replace(at, 4, number);
    }
  }
  folder.file("t.csv", table);
  std::string model = kModel;
  const std::string loss = "target: label";
  model.replace(model.find(loss), loss.size(), loss + ", ignore: 9");
  const Run r =
      run(folder, {"data.ignore=9", "data.classes=2", "data.val=10", "train.epochs=12"}, model);
  CHECK(r.score(11, "val/accuracy") == 1);  // one class is left
  CHECK(r.score(11, "val/light") < r.score(0, "val/light"));
}

TEST_CASE("classes are named as the label is that the first loss reads") {
  const TemporaryFolder folder;
  folder.file("t.csv", "a,kind,colour\n1,square,red\n2,ring,blue\n3,ring,red\n4,square,blue\n");
  const auto names = [&](const std::string& first, const std::string& second) {
    const ModelSpec spec = load(folder.file("m.yaml", fmt::format(R"(name: two
input: {{image: [1]}}
layers: [{{linear: 2, name: x}}, {{linear: 2, from: image, name: y}}]
loss: [{{cross_entropy: x, target: {}}}, {{cross_entropy: y, target: {}}}]
data: {{format: csv, train: t.csv, columns: {{label: {{kind: kind, colour: colour}}}}}}
train: {{epochs: 1, batch_size: 2}}
)",
                                                                  first, second)));
    TrainRequest request;
    request.out = folder.str("runs");
    Recorder recorder;
    StopFlags flags;
    const TrainReport report = train(spec, request, recorder, flags);
    return read_weights_info(report.run + "/weights/last.safetensors").class_names;
  };
  CHECK(names("kind", "colour") == std::vector<std::string>{"ring", "square"});
  CHECK(names("colour", "kind") == std::vector<std::string>{"blue", "red"});
}

}  // namespace
}  // namespace cnn

// Classes of which there are many and few: weights, samplers, and what is said of them.

#include <csignal>
#include <filesystem>

#include "io/image.h"
#include "model/class_balance.h"
#include "report/evaluate.h"
#include "spec/yaml.h"
#include "support/catch.h"
#include "support/training.h"

namespace cnn {
namespace {

using namespace cnn::test;

// 20 bright pictures, 5 dark ones.
struct Unbalanced {
  Unbalanced() {
    for (int i = 0; i < 25; ++i) {
      const std::string path =
          folder.str(fmt::format("set/{}/{}.png", i < 20 ? "bright" : "dark", i));
      std::filesystem::create_directories(std::filesystem::path(path).parent_path());
      write_png(path, {2, 2, 1, std::vector<uint8_t>(4, static_cast<uint8_t>(i < 20 ? 200 : 20))});
    }
  }
  std::string model(const std::string& loss, const std::string& train) const {
    return folder.file("m.yaml",
                       "name: m\ninput: {image: [1, 2, 2]}\n"
                       "layers: [flatten, {linear: 2, name: out}]\nloss: {" +
                           loss +
                           ", target: label}\n"
                           "data: {format: folder, train: set, channels: 1, size: 2}\n"
                           "train: {epochs: 2, batch_size: 5, optimizer: {sgd: 0.1}, " +
                           train + "}\n");
  }
  void run(const std::string& path, const std::string& name, Recorder& recorder,
           StopFlags& flags) const {
    TrainRequest request;
    request.out = folder.str("runs");
    request.name = name;
    train(load(path), request, recorder, flags);
  }
  TemporaryFolder folder;
};

TEST_CASE("balanced class weights are counted in the training data, and kept by the run") {
  const Unbalanced data;
  for (const char* loss :
       {"cross_entropy: out, class_weights: balanced", "focal: out, alpha: balanced"}) {
    INFO(loss);
    const std::string path = data.model(loss, "seed: 1");
    const ModelSpec spec = with_class_weights(load(path));
    CHECK(contains(to_yaml(*spec.section("loss")), "[0.625, 2.5]"));
    Recorder recorder;
    StopFlags flags;
    data.run(path, "a", recorder, flags);
    CHECK(recorder.said("training samples by class: bright 20, dark 5"));
    CHECK(contains(read_text(data.folder.str("runs/a/spec.yaml")), "[0.625, 2.5]"));
    data.run(
        data.model(std::string(loss).replace(std::string(loss).find("balanced"), 8, "[0.625, 2.5]"),
                   "seed: 1"),
        "b", recorder, flags);
    CHECK(read_text(data.folder.str("runs/a/weights/last.safetensors")) ==
          read_text(data.folder.str("runs/b/weights/last.safetensors")));
    std::filesystem::remove_all(data.folder.str("runs"));
  }
}

TEST_CASE("balanced class weights may come from vars and defaults, and terms may be dropped") {
  const Unbalanced data;
  const auto loss_of = [&](const std::string& text) {
    return to_yaml(*with_class_weights(load(data.folder.file("v.yaml", text))).section("loss"));
  };
  const std::string plain = read_text(data.model("cross_entropy: out", "seed: 1"));
  const std::string loss = "loss: {cross_entropy: out, target: label}\n";
  const auto with_loss = [&](const std::string& text) {
    return std::string(plain).replace(plain.find(loss), loss.size(), text);
  };
  CHECK(contains(loss_of("defaults: {cross_entropy: {class_weights: balanced}}\n" + plain),
                 "class_weights: [0.625, 2.5]"));
  CHECK(contains(
      loss_of("vars: {cw: balanced}\n" +
              with_loss("loss: {cross_entropy: out, target: label, class_weights: $cw}\n")),
      "class_weights: [0.625, 2.5]"));
  const std::string two = loss_of(with_loss(
      "loss:\n  - {cross_entropy: out, target: label, class_weights: balanced, if: false}\n"
      "  - {focal: out, target: label, alpha: balanced}\n"));
  CHECK(contains(two, "class_weights: balanced, if: false"));
  CHECK(contains(two, "alpha: [0.625, 2.5]"));
  const std::string elsewhere =
      "vars: {term: {cross_entropy: out, target: label, class_weights: balanced}}\n" +
      with_loss("loss: [$term]\n");
  try {
    loss_of(elsewhere);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == Exit::kSpec);
    CHECK(contains(error.what(), "is for losses that are written out under 'loss'"));
  }
}

TEST_CASE("a model is tested with the weights of classes that its run has") {
  const Unbalanced data;
  const std::string path = data.model("cross_entropy: out, class_weights: balanced", "seed: 1");
  Recorder recorder;
  StopFlags flags;
  data.run(path, "a", recorder, flags);
  TestRequest request;
  request.split = "train";
  request.weights = data.folder.str("runs/a/weights/last.safetensors");
  const auto loss_of = [&](const std::string& model) {
    return test_model(load(model), request).metrics;
  };
  const auto of_run = loss_of(data.folder.str("runs/a/spec.yaml"));
  CHECK(loss_of(path) == of_run);
  CHECK(loss_of(data.model("cross_entropy: out", "seed: 1")) != of_run);
}

TEST_CASE("weights of masks' classes are counted by pixels") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.str("images"));
  std::filesystem::create_directories(folder.str("masks"));
  write_png(folder.str("images/0.png"), {2, 2, 1, {1, 2, 3, 4}});
  write_png(folder.str("masks/0.png"), {2, 2, 1, {0, 0, 0, 1}});
  const std::string path =
      folder.file("m.yaml",
                  "input: {image: [1, 2, 2]}\nlayers: [{conv: 2, kernel: 1, name: out}]\n"
                  "loss: [{cross_entropy: out, target: mask, class_weights: balanced}]\n"
                  "data: {format: pairs, train: {images: images, masks: masks}, classes: 2}\n");
  CHECK(contains(to_yaml(*with_class_weights(load(path)).section("loss")), "[0.666667, 2]"));
}

TEST_CASE("a balanced sampler is the same when the run is resumed") {
  const Unbalanced data;
  const std::string path = data.model("cross_entropy: out", "sampler: balanced, seed: 1");
  Recorder recorder;
  StopFlags flags;
  data.run(path, "whole", recorder, flags);
  data.run(data.model("cross_entropy: out", "seed: 1"), "plain", recorder, flags);
  const auto weights = [&](const std::string& run) {
    return read_text(data.folder.str("runs/" + run + "/weights/last.safetensors"));
  };
  CHECK(weights("whole") != weights("plain"));
  StopFlags stops;
  Recorder stopper;
  stopper.on_step = [&](const StepInfo& info) {
    if (info.step == 7) stops.stop_signal = SIGINT;  // within the second epoch
  };
  data.run(data.model("cross_entropy: out", "sampler: balanced, seed: 1"), "cut", stopper, stops);
  TrainRequest request;
  request.resume = data.folder.str("runs/cut");
  train(load(data.folder.str("runs/cut/spec.yaml"), {"train.workers=0"}), request, recorder, flags);
  CHECK(weights("cut") == weights("whole"));
}

TEST_CASE("a balanced sampler needs classes, and samples that may be drawn") {
  const Unbalanced data;
  const auto problem = [&](const std::string& loss, const std::string& train) -> std::string {
    Recorder recorder;
    StopFlags flags;
    try {
      data.run(data.model(loss, train), "x", recorder, flags);
    } catch (const Error& error) {
      CHECK(error.code() == Exit::kSpec);
      return error.what();
    }
    return "";
  };
  CHECK(
      contains(problem("cross_entropy: out", "sampler: balanced, stream: true"), "in their order"));
  CHECK(contains(problem("cross_entropy: out, class_weights: equal", "seed: 1"), "'balanced'"));
  CHECK(contains(problem("cross_entropy: out, class_weights: [1, -2]", "seed: 1"), "at least 0"));
}

}  // namespace
}  // namespace cnn

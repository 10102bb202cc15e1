// What the training tests share: models as text, short runs, what they say.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "model/vocabulary.h"
#include "spec/model_spec.h"
#include "support/files.h"
#include "support/text.h"
#include "train/trainer.h"

namespace cnn::test {

// Keeps log lines off the terminal and for the test to look at.
class QuietLog {
 public:
  QuietLog() {
    set_log_sink([this](std::string_view line) { lines.emplace_back(line); });
  }
  ~QuietLog() { set_log_sink({}); }
  bool has(std::string_view part) const {
    for (const std::string& line : lines) {
      if (line.find(part) != std::string::npos) return true;
    }
    return false;
  }
  std::vector<std::string> lines;
};

// An observer that only collects.
class Recorder : public TrainObserver {
 public:
  void started(const RunOutline& o) override { outline = o; }
  void stepped(const StepInfo& info) override {
    steps.push_back(info);
    if (on_step) on_step(info);
  }
  void epoch_ended(const EpochRow& row) override { rows.push_back(row); }
  void message(std::string_view line) override { lines.emplace_back(line); }
  bool said(std::string_view part) const {
    for (const std::string& line : lines) {
      if (line.find(part) != std::string::npos) return true;
    }
    return false;
  }

  RunOutline outline;
  std::vector<StepInfo> steps;
  std::vector<EpochRow> rows;
  std::vector<std::string> lines;
  std::function<void(const StepInfo&)> on_step;
};

// A small network over a few generated digits: a step takes a millisecond or two.
inline constexpr const char* kTinyModel = R"(name: tiny
input: {image: [1, 28, 28]}
layers:
  - {avgpool: 4}
  - {conv: 4, kernel: 3, act: relu, name: c1}
  - flatten
  - {dropout: 0.2}
  - {linear: 10, name: out}
loss: {cross_entropy: out, target: label}
metrics: [accuracy]
data: {format: digits, train: 60, test: 40, val: 20}
train:
  epochs: 3
  batch_size: 8
  optimizer: {sgd: 0.1, momentum: 0.9, weight_decay: 1e-4}
  schedule: {cosine: 0}
  seed: 7
)";

inline ModelSpec load(const std::string& path, const std::vector<std::string>& overrides = {}) {
  return load_model(path, overrides, vocabulary());
}

// Trains `model` in `folder` under `name`.
inline TrainReport train_here(const TemporaryFolder& folder, const std::string& model,
                              const std::string& name,
                              const std::vector<std::string>& overrides = {},
                              Recorder* recorder = nullptr) {
  Recorder own;
  StopFlags flags;
  TrainRequest request;
  request.out = folder.str("runs");
  request.name = name;
  const std::string path = folder.file(name + ".yaml", model);
  return train(load(path, overrides), request, recorder ? *recorder : own, flags);
}

// The message of the Error that `work` throws with `code`; "" if it throws none or another.
template <class Work>
std::string error_of(Exit code, Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    if (error.code() != code) return "";
    std::string text;
    for (const Diagnostic& d : error.diagnostics()) text += render(d);
    return text;
  }
  return "";
}

}  // namespace cnn::test

// Evaluator: passes of the test graph over a split, for validation and testing.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "graph/main_output.h"
#include "metrics/metrics.h"
#include "metrics/text_metric.h"
#include "model/crop_average.h"
#include "model/feed.h"
#include "model/loss_sums.h"

namespace cnn {

class Evaluator {
 public:
  // Borrows all of them.
  Evaluator(const Graph& graph, Executor& executor, Feed& feed, MetricSet& metrics, uint64_t seed);

  // Also counts the first loss's classes.
  void count_classes(ConfusionMatrix& confusion) { confusion_ = &confusion; }
  // Goes through the split so often, with other random numbers each time.
  void repeat(int64_t passes) { passes_ = passes; }
  // The samples are crops: metrics see the mean over those of each picture.
  void average_crops(CropAverage& crops) { crops_ = &crops; }

  // Who writes the texts that the metrics want, in the first pass; without one they want none
  // (asserted). Borrowed.
  void write_texts(TextSource& texts) { texts_ = &texts; }

  // Called after each batch, with samples of all passes; false ends it.
  using Progress = std::function<bool(int64_t done, int64_t total)>;
  // "loss" and the metrics; nothing if `progress` ended it. A loss that is not finite is
  // Exit::kDiverged; `when` says in which part of the work.
  std::optional<Scores> run(const Progress& progress, const std::string& when);

  // The loss terms of the last run by name.
  Scores terms() const;

 private:
  const Graph& graph_;
  Executor& executor_;
  Feed& feed_;
  MetricSet& metrics_;
  uint64_t seed_;
  ConfusionMatrix* confusion_ = nullptr;
  CropAverage* crops_ = nullptr;
  TextSource* texts_ = nullptr;
  int64_t passes_ = 1;
  std::optional<MainOutput> output_;
  LossSums sums_;
};

// Throws Exit::kDiverged with the first layer whose values or gradients are not finite; `layer` is
// named if a second look finds none.
[[noreturn]] void fail_diverged(Executor& executor, const std::string& what,
                                const std::string& when, const std::string& layer = "");

}  // namespace cnn

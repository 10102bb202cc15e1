// Checkpoint: everything a run needs to go on with the same bits: weights and statistics, the
// optimizer's moments, the position in the schedule, the epoch and the data, the sums of the
// unfinished epoch, the best result so far, and the sizes of the files that grow. One safetensors
// file, so that one rename commits it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/loss_sums.h"
#include "model/optimizer.h"
#include "model/weight_average.h"
#include "train/results.h"

namespace cnn {

// Where the loop stands. Plain numbers; written to the file's metadata as JSON.
struct TrainPosition {
  uint64_t seed = 0;
  int64_t epoch = 0;             // current, from 0
  int64_t batch = 0;             // batches of it that are done
  int64_t step = 0;              // updates done
  int64_t epoch_first_step = 0;  // updates done before the current epoch
  int64_t forwards = 0;          // training batches done in all: keys the layers' random numbers
  int64_t batches_per_epoch = 0;
  int64_t accumulate = 1;
  double lr = 0;  // of the last update
  double seconds = 0;
  int64_t clipped = 0;
  int64_t stale_epochs = 0;  // since the best result
  std::optional<BestResult> best;
  Scores last;  // of the last completed epoch
  // Of the unfinished epoch.
  LossSums sums;
  std::vector<double> metrics;  // MetricSet::tally of the training's
  int64_t samples = 0;
  double epoch_seconds = 0;
  // Sizes of the growing files, by name within the run directory.
  std::map<std::string, uint64_t> sizes;
};

bool has_checkpoint(const std::string& run);

// What a checkpoint keeps beside the position.
struct TrainState {
  ParameterStore& store;
  Optimizer& optimizer;
  WeightAverage& average;
  std::span<float> carried = {};  // what layers carry from batch to batch (Executor::carried)
};

// Writes RUN/state/last.safetensors; what stood there becomes previous.safetensors. At every moment
// at least one of the two is whole. `keep_previous` false: the old last is not rotated (it is bad).
void save_checkpoint(const std::string& run, const TrainState& state, const TrainPosition& position,
                     bool keep_previous = true);

// Reads last, or with a warning previous if last is damaged. Exit::kInput if neither is whole or
// the weights are not this model's; then nothing is loaded.
struct LoadedCheckpoint {
  TrainPosition position;
  bool last_was_bad = false;
};
LoadedCheckpoint load_checkpoint(const std::string& run, const TrainState& state);

}  // namespace cnn

// Trainer: a model file in, a run directory out. The loop: batches from the loader, forward, loss
// check, backward (several batches add up under `accumulate`), clip, update; after each epoch
// validation, a row of results.csv, exports, checkpoint.
//
// Everything that a later step depends on is in the checkpoint, so that a run that is interrupted
// at any moment and resumed ends with the same bits as one that was not.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "spec/model_spec.h"
#include "train/progress.h"
#include "train/results.h"

namespace cnn {

// Set by signal handlers, polled at every update and every batch of validation.
struct StopFlags {
  static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);
  std::atomic<int> stop_signal{0};          // SIGINT or SIGTERM: checkpoint, then return
  std::atomic<bool> save_requested{false};  // SIGHUP: checkpoint, go on; cleared once served
  // Set by the trainer while it writes what shall not be cut short, and from the moment that it
  // serves a stop_signal until the run is recorded.
  std::atomic<bool> saving{false};
};

// What the command line adds to the model file.
struct TrainRequest {
  std::string out = "runs";
  std::string name;     // of the run directory; empty: the model's
  std::string weights;  // start from these
  std::string resume;   // go on with this run directory; excludes out, name, weights, overwrite
  bool overwrite = false;
  uint64_t memory_limit = 0;  // bytes; 0: what the machine offers
  bool allow_non_finite_weights = false;
  bool partial_weights = false;  // `weights` may be of another model: what fits is loaded
  std::string command;           // as typed, for run.json
  std::string version;           // of the program, for run.json
};

// Trains `spec` (for --resume: loaded from RUN/spec.yaml). Throws Error; nothing is created before
// the model, the data and the memory have been checked. After Exit::kDiverged and the like the
// last good checkpoint stands and run.json says "failed". A signal is no error: the report's `exit`
// tells.
TrainReport train(const ModelSpec& spec, const TrainRequest& request, TrainObserver& observer,
                  StopFlags& flags);

}  // namespace cnn

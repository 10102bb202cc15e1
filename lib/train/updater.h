// Updater: one update of all weights: forward and backward of as many batches as `accumulate` says,
// clip, optimizer, running mean.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "train/checkpoint.h"
#include "train/session.h"

namespace cnn {

class Updater {
 public:
  // Borrows the session, whose training feed stands where the position says.
  explicit Updater(Session& session) : session_(session), settings_(session.settings()) {}

  struct Update {
    int64_t samples = 0;
    double loss = 0;  // of all of them, before the update
  };
  // With the learning rate `position.lr`. Advances the position and its sums, and the session's
  // training metrics; fewer batches at the end of an epoch. Exit::kDiverged if the loss or a
  // gradient is not finite, or the gradients' norm is beyond the limit.
  Update run(TrainPosition& position);

 private:
  double accumulate(TrainPosition& position, int64_t samples, std::span<const double> denominators,
                    bool adds);
  float clip_factor(TrainPosition& position);

  Session& session_;
  const TrainSettings& settings_;
  std::vector<double> denominators_;  // of the batch that is run
};

}  // namespace cnn

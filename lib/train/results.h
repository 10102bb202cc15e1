// What training and testing hand back to the commands, and its JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "metrics/metrics.h"

namespace cnn {

struct BestResult {
  std::string metric;
  double value = 0;
  int64_t epoch = 0;  // from 1
};

struct TrainReport {
  enum class Status { kDone, kStopped, kInterrupted };  // kStopped: patience, --max-steps, --time

  std::string run;  // path of the run directory
  std::string model;
  Status status = Status::kDone;
  Exit exit = Exit::kOk;  // kInterrupted or kTerminated after a signal
  std::string reason;     // why it stopped early, in words; empty when done
  int64_t epochs = 0;     // completed
  int64_t steps = 0;      // updates
  double seconds = 0;     // of training, earlier parts of a resumed run included
  int64_t clipped = 0;    // updates whose gradients were scaled down
  Scores last;            // the last completed epoch: train/loss, val/loss, val/accuracy ...
  std::optional<BestResult> best;

  std::string json() const;
};

std::string status_name(TrainReport::Status status);  // "done", "stopped", "interrupted"

struct TestReport {
  std::string model;
  std::string weights;  // the file
  int64_t samples = 0;
  Scores errors;   // error rates of the metrics that are shares of right ones
  Scores metrics;  // loss first, then each term if there are several, then the model's metrics
  // Where the first loss's target is a class: counts and names (empty names: none known).
  std::optional<ConfusionMatrix> confusion;
  std::vector<std::string> class_names;

  std::string json() const;
  // Tables for people: precision, recall and F1 per class, then the confusion matrix (both left out
  // beyond `most_classes`); empty without classes.
  std::string class_table(int64_t most_classes = 40) const;
};

}  // namespace cnn

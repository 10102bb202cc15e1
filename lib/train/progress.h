// Progress: what the person at the terminal sees of a run. The trainer tells a TrainObserver; here
// are the usual ones.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "metrics/metrics.h"
#include "train/results.h"

namespace cnn {

// One completed epoch: a row of results.csv.
struct EpochRow {
  int64_t epoch = 0;  // from 1
  int64_t step = 0;
  double seconds = 0;
  double lr = 0;
  Scores scores;  // train/loss, val/loss, val/accuracy ...
  double samples_per_second = 0;
  double resident_mib = 0;
  bool is_best = false;
};

struct RunOutline {
  std::string run;
  std::string model;
  int64_t epochs = 0;
  int64_t first_epoch = 1;
  int64_t steps_per_epoch = 0;
  int64_t total_steps = 0;
  int64_t train_samples = 0;
  int64_t val_samples = 0;
  int64_t first_step = 0;  // of a resumed run
  uint64_t planned_bytes = 0;
};

struct StepInfo {
  int64_t epoch = 1;          // from 1
  int64_t step = 0;           // updates done
  int64_t step_of_epoch = 0;  // updates done in this epoch
  int64_t samples = 0;        // of this update
  double loss = 0;            // of this update
  double lr = 0;
};

class TrainObserver {
 public:
  virtual ~TrainObserver() = default;
  virtual void started(const RunOutline&) {}
  virtual void stepped(const StepInfo&) {}
  virtual void validating(int64_t /*done*/, int64_t /*total*/) {}
  virtual void epoch_ended(const EpochRow&) {}
  virtual void finished(const TrainReport&) {}
  // A line of the log while the run lasts; the default writes it to stderr.
  virtual void message(std::string_view line);
};

// The lines of log.txt and of the displays that print lines.
std::string outline_line(const RunOutline& outline);
std::string epoch_line(const EpochRow& row, int64_t epochs);

enum class ProgressMode { kAuto, kBar, kLines, kNone };

// How a progress display reaches the world; tests supply their own.
struct ProgressDevice {
  std::function<void(std::string_view)> write;  // raw text, no '\n' added
  std::function<double()> now;                  // seconds
  bool is_terminal = false;
  bool color = false;
  int columns = 80;
  static ProgressDevice standard_error();  // honours NO_COLOR
};

// kBar redraws one line at most ten times a second (whole-run and epoch ETA, samples/s, loss).
// kLines prints a line an epoch and one every 30 s. kAuto is kBar on a terminal, else kLines.
std::unique_ptr<TrainObserver> make_progress(ProgressMode mode, ProgressDevice device);

}  // namespace cnn

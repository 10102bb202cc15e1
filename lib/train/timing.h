// Timing: how fast a model runs here, on generated data: forward, loss, backward and SGD with
// momentum, or the test phase's forward alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "spec/model_spec.h"
#include "train/roofline.h"

namespace cnn {

struct TimingRequest {
  bool training = true;    // false: inference
  int64_t batch_size = 0;  // 0: train.batch_size
  double seconds = 3;      // measured, after the warm-up
  bool per_layer = true;   // measured in a second pass, so that the clock does not slow the first
  uint64_t memory_limit = 0;
};

struct LayerTime {
  std::string name;
  std::string type;
  std::string kernel;  // the algorithm that served it
  double forward_s = 0;
  double backward_s = 0;  // all of it
  // Of layers that multiply matrices; elsewhere both are 0.
  double backward_data_s = 0;
  double backward_weights_s = 0;
  double share = 0;    // of all layers' time
  double gflops = 0;   // operations of the plain algorithm (2 * MACs a product) / time
  double least_s = 0;  // what the machine needs for as many operations and bytes
  bool compute_bound = false;

  double seconds() const { return forward_s + backward_s; }
};

struct TimingReport {
  std::string model;
  std::string mode;  // "train" or "infer"
  int64_t batch_size = 0;
  int threads = 1;
  std::string instruction_set;  // of the code: "x86-64-v4"
  int64_t steps = 0;
  double step_s = 0;  // median
  double samples_per_s = 0;
  double peak_mib = 0;     // the process's maximum resident set
  double planned_mib = 0;  // arena, parameters, gradients, optimizer
  MachineSpeed machine;    // zeros where layers are left out
  double gflops = 0;       // of the whole step
  double update_s = 0;     // the optimizer's part of a step
  std::vector<LayerTime> layers;

  double layers_s() const;   // all layers and the update
  std::string json() const;  // one line
  // `is_utf8`, `color`: as base/table.h.
  std::string table(bool is_utf8 = false, bool color = false) const;
};

TimingReport time_model(const ModelSpec& spec, const TimingRequest& request);

// A report from a file that `cnn time --json` was written to (its last line counts).
// Exit::kInput if it is none.
TimingReport read_timing(const std::string& path);

// Two reports side by side, layer by layer: of the same model after a change, or of two models.
struct TimingComparison {
  std::string first, second;  // what the columns are called: the files' names
  TimingReport a, b;

  std::string table(bool is_utf8 = false, bool color = false) const;
  std::string json() const;
};

}  // namespace cnn

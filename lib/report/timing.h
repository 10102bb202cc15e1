// Timing: how fast a model runs here, on generated data: forward, loss, backward and SGD with
// momentum, or the test phase's forward alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "report/roofline.h"
#include "spec/model_spec.h"

namespace cnn {

struct TimingRequest {
  bool training = true;    // false: inference
  int64_t batch_size = 0;  // 0: train.batch_size
  double seconds = 3;      // measured, after the warm-up
  bool per_layer = true;   // measured in a second pass, so that the clock does not slow the first
  uint64_t memory_limit = 0;
};

// Seconds are medians over the steps, each part of a layer by itself.
struct LayerTime {
  std::string name;
  std::string type;
  std::string kernel;  // the algorithm that served it
  double forward_s = 0;
  double forward_again_s = 0;  // in blocks that are recomputed: the second run
  double backward_s = 0;       // all of it
  // Of layers that multiply matrices; elsewhere both are 0.
  double backward_data_s = 0;
  double backward_weights_s = 0;
  double share = 0;    // of all layers' time
  double gflops = 0;   // operations of the plain algorithm (2 * MACs a product) / time, all runs
  double least_s = 0;  // what the machine needs for as many operations and bytes
  bool compute_bound = false;

  double seconds() const { return forward_s + forward_again_s + backward_s; }
};

struct TimingReport {
  std::string model;
  std::string mode;  // "train" or "infer"
  int64_t batch_size = 0;
  int threads = 1;
  std::string instruction_set;  // of the code: "x86-64-v4"
  std::string blas;             // what matrix products run on
  std::string blas_core;        // for which processor its kernels are, of OpenBLAS
  int64_t steps = 0;
  double step_s = 0;  // median
  double samples_per_s = 0;
  double peak_mib = 0;     // the process's maximum resident set
  double planned_mib = 0;  // arena, parameters, gradients, optimizer
  MachineSpeed machine;    // measured after the steps; zeros where layers are left out
  double gflops = 0;       // of the whole step
  double update_s = 0;     // the optimizer's part of a step, median
  std::vector<LayerTime> layers;

  double layers_s() const;   // all layers and the update
  std::string json() const;  // one line
  // `is_utf8`, `color`: as base/table.h.
  std::string table(bool is_utf8 = false, bool color = false) const;
};

// Exit::kSpec where training is asked for and there is no loss.
TimingReport time_model(const ModelSpec& spec, const TimingRequest& request);

// A report from a file that `cnn time --json` was written to: one JSON document, or lines of which
// the last is one. Exit::kInput if it is none, or of another schema.
TimingReport read_timing(const std::string& path);

// Two reports of one mode side by side. What they say is compared per sample, so that batch sizes
// may differ; layers are compared where both are of the same model, as after a change.
class TimingComparison {
 public:
  // `first`, `second`: what the columns are called. Exit::kUsage if one trains and one infers.
  TimingComparison(std::string first, std::string second, TimingReport a, TimingReport b);

  // "batch size: 64, 8": in what the runs differ that matters for speed, the model first.
  std::vector<std::string> differences() const;
  std::string table(bool is_utf8 = false, bool color = false) const;
  std::string json() const;

 private:
  bool same_model() const { return a_.model == b_.model; }
  std::string first_, second_;
  TimingReport a_, b_;
};

}  // namespace cnn

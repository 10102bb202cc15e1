// Timing: how fast a model runs here, on generated data: forward, loss, backward and SGD with
// momentum, or the test phase's forward alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "spec/model_spec.h"

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
  double backward_s = 0;
  double share = 0;   // of all layers' time
  double gflops = 0;  // 2 * MACs / time (three times the MACs with backward), per second / 1e9
};

struct TimingReport {
  std::string model;
  std::string mode;  // "train" or "infer"
  int64_t batch_size = 0;
  int threads = 1;
  int64_t steps = 0;
  double step_s = 0;  // median
  double samples_per_s = 0;
  double peak_mib = 0;     // the process's maximum resident set
  double planned_mib = 0;  // arena, parameters, gradients, optimizer
  std::vector<LayerTime> layers;

  std::string json() const;  // one line
  std::string table() const;
};

TimingReport time_model(const ModelSpec& spec, const TimingRequest& request);

}  // namespace cnn

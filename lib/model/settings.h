// TrainSettings: the `train:` section of a model file.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/loader.h"
#include "model/mixing.h"
#include "model/optimizer.h"
#include "model/schedule.h"
#include "spec/model_spec.h"
#include "spec/options.h"

namespace cnn {

// `best: {val/accuracy: max}`: which result chooses the weights that are kept as the best.
struct BestRule {
  std::string metric;  // empty: val/loss, or train/loss where nothing is held out
  bool maximize = false;
  // True if `value` is better than `old`; the first value always is.
  bool improves(double value, std::optional<double> old) const {
    return !old || (maximize ? value > *old : value < *old);
  }
};
CNN_OPTION_TYPE(BestRule);

// `clip: 1.0` or `clip: {norm: 1.0, limit: 1000}`.
struct ClipRule {
  double norm = 0;   // gradients with a larger global norm are scaled down to it; 0: off
  double limit = 0;  // a larger global norm ends the run (Exit::kDiverged); 0: off
  bool active() const { return norm > 0 || limit > 0; }
};
CNN_OPTION_TYPE(ClipRule);

// A length of time: seconds, or text with a unit: 90, 30s, 45m, 2h.
struct Duration {
  double seconds = 0;
};
CNN_OPTION_TYPE(Duration);

// Which samples an epoch has.
enum class Sampler {
  kEach,      // each once
  kBalanced,  // of every class equally many
};

struct TrainSettings {
  int64_t epochs = 10;
  int64_t batch_size = 32;
  int64_t val_batch_size = 0;  // 0: as batch_size
  int64_t accumulate = 1;      // batches added up before an update
  Sampler sampler = Sampler::kEach;
  bool keep_frozen = true;   // what frozen layers at the beginning make of each sample
  bool stream = false;       // samples are a text, dealt in batch_size streams
  std::optional<double> lr;  // in place of the optimizer's own
  std::shared_ptr<Optimizer> optimizer;
  std::shared_ptr<const Schedule> schedule;
  BestRule best;
  int64_t seed = 0;
  int64_t patience = 0;  // epochs without a better result before the run stops; 0: never
  ClipRule clip;
  MixRule mixing;
  double ema = 0;          // of a running mean of the weights; 0: none
  int64_t workers = 2;     // loader threads; 0: the training thread loads
  int64_t save_every = 0;  // steps between checkpoints, beside the one of each epoch; 0: none
  int64_t max_steps = 0;   // 0: no limit
  Duration time;           // 0: no limit

  int64_t evaluation_batch() const { return val_batch_size > 0 ? val_batch_size : batch_size; }
  double learning_rate() const { return lr ? *lr : optimizer->learning_rate(); }
  // How data are read in batches of that size: all samples, one by one, in their order, as they
  // are.
  LoaderSettings loader(int64_t batch) const;

  // The table of the plain keys. `optimizer`, `schedule` and `params` are read apart.
  void options(Options& o);
};

// Reads and checks the section; a spec without one gets the defaults. Throws Error with up to ten
// located problems.
TrainSettings read_train_settings(const ModelSpec& spec);

// The reference of the section as plain text, with optimizers, schedules and metrics (`cnn help
// train`).
std::string train_help();

}  // namespace cnn

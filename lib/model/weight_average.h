// WeightAverage: a running mean of all weights and statistics (`train.ema`), which testing and the
// kept weights take in place of those that are trained:
//
//   a += (1 - d) (w - a),  d = min(ema, (1 + t) / (10 + t))   after update t
//
// so that the first updates, far from where the weights will be, are soon forgotten.
// Polyak & Juditsky 1992, "Acceleration of stochastic approximation by averaging".
#pragma once

#include <cstdint>
#include <span>

#include "graph/parameter_store.h"
#include "tensor/tensor.h"

namespace cnn {

class WeightAverage {
 public:
  // 0: there is none, and everything below does nothing.
  explicit WeightAverage(double ema) : ema_(ema) {}

  bool is_active() const { return ema_ > 0; }
  uint64_t bytes(const ParameterStore& store) const {
    return is_active() ? store.value_bytes() : 0;
  }
  // Allocates; borrows the store, which must be allocated.
  void attach(ParameterStore& store);
  // The mean begins with the weights as they are.
  void begin();
  // Takes the weights in, after update number `step`, from 1.
  void update(int64_t step);
  // The store gets the mean and keeps the weights here, or the other way round.
  void swap();

  // For checkpoints: pieces of one parameter's mean, in the order of files.
  void export_values(int id, int64_t first, std::span<float> out) const;
  void import_values(int id, int64_t first, std::span<const float> values);

 private:
  double ema_;
  ParameterStore* store_ = nullptr;
  Buffer mean_;  // laid out as the store's values
};

// The store has the means while this lives.
class AveragedWeights {
 public:
  explicit AveragedWeights(WeightAverage& average) : average_(average) { average_.swap(); }
  ~AveragedWeights() { average_.swap(); }
  AveragedWeights(const AveragedWeights&) = delete;
  AveragedWeights& operator=(const AveragedWeights&) = delete;

 private:
  WeightAverage& average_;
};

}  // namespace cnn

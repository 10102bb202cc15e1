// The learning rate range test: the rate grows from update to update, by the same factor each time,
// until the loss runs away. A tenth of the rate where it is lowest is one to begin with: there a
// training soon ends to learn.
// Smith 2017, "Cyclical learning rates for training neural networks".
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "spec/model_spec.h"
#include "train/trainer.h"

namespace cnn {

struct RateSearchRequest {
  double low = 1e-6, high = 10;  // rates
  int64_t updates = 200;         // from the lowest to the highest rate
  std::string weights;           // start from these; empty: as initialised
  bool partial_weights = false;
  bool allow_non_finite_weights = false;
  uint64_t memory_limit = 0;
  std::function<void(int64_t done, int64_t total)> progress = {};
};

struct RateSearch {
  struct Point {
    double rate = 0;
    double loss = 0;    // of the batches of the update
    double smooth = 0;  // a running mean of those before it, which forgets a tenth an update
  };
  std::string model;
  std::vector<Point> points;
  std::string ended;  // why it did before the highest rate; empty: it reached it
  // Of the smoothed loss, if it falls at all: where it falls fastest (both by their logarithms; a
  // loss that is below 0 anywhere by itself), where it is lowest, a rate to begin with.
  std::optional<double> steepest, lowest, suggestion;

  std::string json() const;
  std::string csv() const;
};

// Runs in memory alone: nothing is written. Throws Error as train() does; a loss that is not finite
// ends the search and is no error unless it is the first.
RateSearch search_rate(const ModelSpec& spec, const RateSearchRequest& request, StopFlags& flags);

// The suggestion of these points, for tests: fills all three.
void suggest_rate(RateSearch& search);

}  // namespace cnn

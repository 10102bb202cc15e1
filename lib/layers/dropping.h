// Values that are 0 with probability p, else x / (1 - p): what dropout is made of. Value i of a
// sample stays if bits(i) of its random numbers are p * 2^32 or more, so backward draws the same
// again: cheaper than memory for a mask.
#pragma once

#include <cstdint>

#include "base/rng.h"

namespace cnn {

class Dropping {
 public:
  explicit Dropping(double p);

  bool is_nothing() const { return threshold_ == 0; }
  // Values first .. last of a sample, whose first one lies at `in` and `out`; `first` is a multiple
  // of 4. Value i takes random number `origin` + i, `origin` a multiple of 4.
  void run(const Rng& rng, uint64_t origin, int64_t first, int64_t last, const float* in,
           float* out, bool add) const;

 private:
  uint64_t threshold_;
  float scale_;
};

}  // namespace cnn

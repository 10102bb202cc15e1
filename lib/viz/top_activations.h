// The samples and places at which the maps of a layer answer most strongly. Samples are seen once,
// batch after batch; only the best few of every map are kept.
#pragma once

#include <cstdint>
#include <vector>

#include "tensor/view.h"

namespace cnn {

struct Activation {
  float value = 0;
  int64_t sample = 0;
  int64_t position = 0;  // row * width + column

  // Stronger ones first; of equals the earlier sample.
  bool operator<(const Activation& other) const {
    return value != other.value ? value > other.value : sample < other.sample;
  }
};

class TopActivations {
 public:
  TopActivations(int64_t maps, int64_t keep) : keep_(keep), best_(static_cast<size_t>(maps)) {}

  // A batch of the layer's values; its samples are numbered from `first` on. One place of a map,
  // its strongest, counts for each sample. NaN counts for none.
  void add(const ConstView& values, int64_t first);

  int64_t maps() const { return static_cast<int64_t>(best_.size()); }
  // At most `keep`, strongest first.
  const std::vector<Activation>& of(int64_t map) const { return best_[static_cast<size_t>(map)]; }
  // The `count` maps with the strongest activations that are above 0, in order of their numbers.
  std::vector<int64_t> strongest_maps(int64_t count) const;

 private:
  int64_t keep_;
  std::vector<std::vector<Activation>> best_;
};

}  // namespace cnn

// Which input channels every output channel of a convolution sees, and weights that exist for those
// alone. The kernels know dense weights only: the sparse ones are spread between zeros before, and
// the dense gradient is gathered behind.
//
// In a model file: `lenet5`, or a list of input channels for every output channel,
// [[0, 1], [1, 2], [0, 1, 2]].
#pragma once

#include <cstdint>
#include <vector>

#include "layers/layer.h"
#include "spec/options.h"

namespace cnn {

struct ConnectionTable {
  bool is_lenet5 = false;
  std::vector<std::vector<int64_t>> inputs;  // by output channel
};

CNN_OPTION_TYPE(ConnectionTable);

// A table laid over dense weights stored [taps, in, out]. The sparse ones are stored
// [taps, connections]: by output channel, then by input channel.
class Connections {
 public:
  Connections() = default;
  // Throws (Exit::kSpec) what is wrong with the table.
  Connections(const Setup& setup, const ConnectionTable& table, int64_t in, int64_t out,
              int64_t taps);

  int64_t count() const { return static_cast<int64_t>(places_.size()); }
  int64_t dense_count() const { return taps_ * in_ * out_; }
  void spread(const float* sparse, float* dense) const;
  // sparse (+)= the dense numbers that exist.
  void gather(const float* dense, bool add, float* sparse) const;

 private:
  std::vector<int64_t> places_;  // of every connection in one tap's [in, out]
  int64_t in_ = 0, out_ = 0, taps_ = 0;
};

}  // namespace cnn

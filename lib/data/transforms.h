// Transforms: what happens to a sample between the file and the batch.
#pragma once

#include <cstdint>
#include <vector>

namespace cnn {

// y = (x * scale - mean) / std, mean and std by channel or one for all.
struct Normalization {
  double scale = 1;
  std::vector<double> mean{0};
  std::vector<double> std{1};

  bool is_identity() const;
  // Of pictures that are bytes; those who have not said how bytes are normalised mean 0 to 1.
  Normalization of_bytes() const;
  // Of negatives: `white` becomes 0, and 0 what `white` was.
  Normalization of_negatives(double white) const;
  // One number of a channel, there and back.
  double done(double x, int64_t channel) const;
  double undone(double y, int64_t channel) const;
  // In place, over `positions` rows of `channels` numbers (channels-last).
  void apply(float* values, int64_t positions, int64_t channels) const;
  // The same for bytes as files have them, by a table of 256 values a channel.
  std::vector<float> byte_table(int64_t channels) const;
};

}  // namespace cnn

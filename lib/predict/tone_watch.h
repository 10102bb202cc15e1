// ToneWatch: says, once for all of them, which pictures are unlike the training data in how bright
// they are: a digit drawn black on white for a network that knows white ones on black.
#pragma once

#include <cstdint>
#include <string>

#include "data/inputs.h"

namespace cnn {

class ToneWatch {
 public:
  explicit ToneWatch(const InputReading& reading) : reading_(reading) {}

  // A picture as the network sees it, channels-last.
  void look_at(const std::string& name, const float* picture, const Shape& shape);
  // The warning, if there is reason for one.
  void report() const;

 private:
  const InputReading& reading_;
  int64_t pictures_ = 0, unlike_ = 0;
  std::string first_;      // of those that are unlike
  double brightness_ = 0;  // of that
};

}  // namespace cnn

// Class numbers: what layers and losses that read them share. One position holds one class number.
#pragma once

#include <optional>
#include <vector>

#include "layers/layer.h"

namespace cnn {

// A factor for every class: numbers, or the word `balanced` until those that the training data give
// are put in its place (model/class_balance.h). Without numbers all are 1.
struct ClassWeights {
  static constexpr const char* kBalanced = "balanced";
  std::vector<double> numbers;
  bool is_balanced = false;

  double of(int64_t c) const { return numbers.empty() ? 1 : numbers[static_cast<size_t>(c)]; }
};
CNN_OPTION_TYPE(ClassWeights);

// `shape` with `channels` at every position.
Shape with_channels(const Shape& shape, int64_t channels);

// The shape of the class numbers for scores: [1] for [C], [1,H,W] for [C,H,W], [T,1] for [T,C].
Shape class_target_shape(const Shape& scores);

// The class that a number names, of `classes`. Data are checked when they are read; this catches
// what comes from elsewhere (Exit::kInput). `layer` is for messages.
int64_t class_of(float number, int64_t classes, const char* layer, bool ignores = true);

// How many classes input 0 has: `given` by an option, else what the input says. Exit::kSpec if it
// is not known, or if the input has more than one number a position.
int64_t classes_of_input(const Setup& setup, std::optional<int64_t> given, const char* layer);

}  // namespace cnn

// Class balance: losses whose weights of classes are to be taken from the training data.
#pragma once

#include "spec/model_spec.h"

namespace cnn {

// The model with numbers in its losses that are told `class_weights: balanced`, by themselves or by
// `vars` and `defaults`. They are counted in the training data, which are opened for it; losses
// that are dropped stay as they are. Exit::kSpec where there is nothing to count.
ModelSpec with_class_weights(const ModelSpec& spec);

}  // namespace cnn

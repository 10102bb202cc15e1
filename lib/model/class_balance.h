// Class balance: losses whose weights of classes are to be taken from the training data.
#pragma once

#include "spec/model_spec.h"

namespace cnn {

// The model with numbers in place of the word `balanced` in its losses: `class_weights: balanced`.
// They are counted in the training data, which are opened for it; nothing is done without the word.
ModelSpec with_class_weights(const ModelSpec& spec);

}  // namespace cnn

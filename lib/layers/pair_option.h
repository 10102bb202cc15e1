// Pair as an option: one integer for both axes, or [h, w].
#pragma once

#include "spec/options.h"
#include "tensor/shape.h"

namespace cnn {

CNN_OPTION_TYPE(Pair);

}  // namespace cnn

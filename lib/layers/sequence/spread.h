// spread: a plain value once for every item of a list. The builder puts it where a plain value
// stands beside a list.
#pragma once

#include "layers/layer_type.h"

namespace cnn {

extern const LayerType spread_layer;

}  // namespace cnn

// tie: the option of linear, conv and upconv that makes their weight that of another layer,
// transposed. The parameter stands once in the network, under the other layer's name.
#pragma once

#include "layers/layer.h"

namespace cnn {

// The weight of the named layer, which must be a layer `wanted` that owns it; `layer` is the type
// of the tied one.
int tie_weight(Setup& setup, const char* layer, const char* wanted);
// The same with the shape that the weight must have.
int tie_weight(Setup& setup, const char* layer, const char* wanted, const Shape& shape);

}  // namespace cnn

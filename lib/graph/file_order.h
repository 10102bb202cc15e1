// A parameter's numbers in files (row-major, shape as in the file) and in memory (axes as the layer
// wants them, `ParameterRequest::layout`): pieces of one as the other, so that nobody needs a
// second copy of a whole parameter.
#pragma once

#include <cstdint>
#include <span>

#include "layers/layer.h"

namespace cnn {

// Numbers first .. first + out.size() of the file's order, from all that is stored.
void to_file_order(const ParameterRequest& request, const float* stored, int64_t first,
                   std::span<float> out);

// The reverse: writes those numbers alone.
void from_file_order(const ParameterRequest& request, int64_t first, std::span<const float> values,
                     float* stored);

}  // namespace cnn

// One run of one layer, for LayerHarness::run: all memory that the layer is lent, guarded, and the
// promises that it must keep whatever it computes.
#pragma once

#include <cstdint>
#include <vector>

#include "support/layer_harness.h"

namespace cnn {

RunResult run_layer(const LayerHarness& harness, const Layer& layer, const RunSettings& settings,
                    int64_t batch, int64_t booked, const std::vector<Numbers>& inputs,
                    const std::vector<Numbers>& parameters, const Numbers& grad_out);

}  // namespace cnn

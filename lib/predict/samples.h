// Samples: what a generator makes of codes drawn from its prior.
#pragma once

#include "predict/predict.h"

namespace cnn {

// Draws `request.prior_samples` codes of normal numbers, in place of the output of the model's
// 'gaussian' layer, and runs what follows from it. Sample i depends on (seed, i) alone. Writes
// every output as OUTPUT.npy, and the pictures as samples.png, side by side. Exit::kUsage without
// such a layer.
PredictReport draw_samples(const ModelSpec& spec, const PredictRequest& request);

}  // namespace cnn

// What the losses share. A loss writes [numerator, denominator] for every sample; the loss of a
// batch is the sum of numerators over the sum of denominators.
#pragma once

#include "layers/layer.h"

namespace cnn {

enum class Reduction { kMean, kSum };

void declare_reduction(Options& o, Reduction& reduction);

// `count`: what a mean divides by. A sum counts the sample once: it is averaged over the batch.
void write_loss(float* out, double numerator, Reduction reduction, double count);

// scale / (sum of the batch's denominators); 0 if nothing counts. Reads call.out.
double loss_gradient_factor(const BackwardCall& call);

// The class that a target names, of `classes`. Data are checked when they are read; this catches
// what comes from elsewhere (Exit::kInput). `loss` is the loss's name, for the message.
int64_t class_of(float target, int64_t classes, const char* loss);

// The shape of the class numbers for scores: [1] for [C], [1,H,W] for [C,H,W], [T,1] for [T,C].
Shape class_target_shape(const Shape& scores);

// The gradient of input i where the loss does not depend on it, if it is wanted.
void zero_gradient(const BackwardCall& call, size_t i);

}  // namespace cnn

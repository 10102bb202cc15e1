// What is asked of one row of class scores beside its loss.
#pragma once

#include <cstdint>

namespace cnn {

// log sum over c of exp(scores[c]), to about 1e-7: numbers are floats, what they add up to is not.
double log_sum_exp(const float* scores, int64_t classes);

// How many classes come before `own`: those of larger scores, and of equal ones those in front of
// it.
int64_t rank_of(const float* scores, int64_t classes, int64_t own);

}  // namespace cnn

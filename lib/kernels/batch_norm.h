// Batch normalisation over the rows of a matrix [rows, channels], alone or with a residual and a
// rectifier behind it:
//   y = rectified((x - mean) * scale + bias + residual)
//
// Forward in training takes two passes (moments, output), backward two (sums, gradient of the
// input); each reads its arguments once. No function allocates. The work is cut by the shape alone,
// and sums of chunks are joined in order in double.
#pragma once

#include <cstdint>

#include "kernels/epilogue.h"

namespace cnn {

// Doubles that batch_norm_moments and batch_norm_gradient_sums work in.
int64_t batch_norm_sums(int64_t channels);

// sums[c] = mean of channel c, sums[channels + c] = sum of its squared deviations from it. In float
// within blocks, about a number close to their mean; blocks are joined in double (Chan, Golub &
// LeVeque 1983, "Algorithms for computing the sample variance").
void batch_norm_moments(const float* in, int64_t rows, int64_t channels, double* sums);

struct BatchNormForward {
  int64_t rows = 0, channels = 0;
  const float* in = nullptr;
  const float* mean = nullptr;   // [channels], as are scale and bias
  const float* scale = nullptr;  // weight / sqrt(var + eps)
  const float* bias = nullptr;
  const float* residual = nullptr;  // [rows, channels], or none
  Rectifier rectifier;
};

// `out` may be `in` or the residual.
void batch_norm_output(const BatchNormForward& call, float* out);

struct BatchNormBackward {
  int64_t rows = 0, channels = 0;
  const float* grad_out = nullptr;
  const float* in = nullptr;
  const float* mean = nullptr;
  // For a rectifier, where it rectified: as `out` tells, or, if that is null and there was no
  // residual, as scale and bias tell (the same as forward's).
  Rectifier rectifier;
  const float* out = nullptr;
  const float* scale = nullptr;
  const float* bias = nullptr;
};

// With g the gradient before the rectifier: sums[c] = sum of g, sums[channels + c] = sum of
// g (x - mean). If `masked` is not null, it becomes g (it may be grad_out).
void batch_norm_gradient_sums(const BatchNormBackward& call, double* sums, float* masked = nullptr);

// grad_in (+)= own * g + slope * (x - mean) + offset, and grad_residual (+)= g; either may be null,
// and either, but not both, may be grad_out.
struct BatchNormGradients {
  const float* own = nullptr;  // [channels], as are slope and offset
  const float* slope = nullptr;
  const float* offset = nullptr;
  float* grad_in = nullptr;
  bool add_in = false;
  float* grad_residual = nullptr;
  bool add_residual = false;
};
void batch_norm_gradients(const BatchNormBackward& call, const BatchNormGradients& to);

}  // namespace cnn

// Naive batch normalisation: parameters [weight, bias,] running_mean, running_var.
#pragma once

#include <cmath>

#include "reference/index.h"
#include "support/check_layer.h"

namespace cnn::reference {

struct BatchNorm {
  double eps = 1e-5;
  double momentum = 0.1;
  bool affine = true;

  struct Moments {
    double mean = 0;
    double squares = 0;  // sum of squared deviations
  };

  static Moments moments(const ReferenceCall& call, int64_t c) {
    const Shape& shape = call.shapes[0];
    const double rows = static_cast<double>(call.batch * shape.positions());
    Moments m;
    for_rows(call, c, [&](size_t i) { m.mean += call.inputs[0][i] / rows; });
    for_rows(call, c, [&](size_t i) { m.squares += std::pow(call.inputs[0][i] - m.mean, 2); });
    return m;
  }

  template <class F>
  static void for_rows(const ReferenceCall& call, int64_t c, F f) {
    for (int64_t n = 0; n < call.batch; ++n) {
      for (int64_t p = 0; p < call.shapes[0].positions(); ++p) {
        f(file_index(call.shapes[0], n, c, p));
      }
    }
  }

  static double rows(const ReferenceCall& call) {
    return static_cast<double>(call.batch * call.shapes[0].positions());
  }

  Numbers forward(const ReferenceCall& call) const {
    const size_t running = affine ? 2 : 0;
    Numbers out = call.inputs[0];
    for (int64_t channel = 0; channel < call.shapes[0].channels(); ++channel) {
      const auto c = static_cast<size_t>(channel);
      double mean = call.parameters[running][c], variance = call.parameters[running + 1][c];
      if (call.phase == Phase::kTrain) {
        const Moments m = moments(call, channel);
        mean = m.mean;
        variance = m.squares / rows(call);
      }
      const double weight = affine ? call.parameters[0][c] : 1;
      const double bias = affine ? call.parameters[1][c] : 0;
      for_rows(call, channel, [&](size_t i) {
        out[i] = weight * (out[i] - mean) / std::sqrt(variance + eps) + bias;
      });
    }
    return out;
  }

  std::vector<Numbers> statistics(const ReferenceCall& call) const {
    const size_t running = affine ? 2 : 0;
    std::vector<Numbers> after = call.parameters;
    for (int64_t channel = 0; channel < call.shapes[0].channels(); ++channel) {
      const auto c = static_cast<size_t>(channel);
      const Moments m = moments(call, channel);
      const double variance = rows(call) > 1 ? m.squares / (rows(call) - 1) : 0;
      double& mean_after = after[running][c];
      double& variance_after = after[running + 1][c];
      mean_after = (1 - momentum) * mean_after + momentum * m.mean;
      variance_after = (1 - momentum) * variance_after + momentum * variance;
    }
    return after;
  }
};

}  // namespace cnn::reference

// SparsityPenalty: what a code's number z costs: |z|, or width log(1 + |z| / width), which grows
// ever more slowly and so leaves large numbers alone (it is |z| for a width without end). Shared by
// sparse_code, which minimises it, and activity_l1, which reports it.
#pragma once

#include <algorithm>
#include <cmath>

#include "kernels/vector_math.h"
#include "layers/layer.h"

namespace cnn {

class SparsityPenalty {
 public:
  // `penalty` and `width`.
  void declare(Options& o);

  float cost(float z) const {
    const float size = std::fabs(z);
    return is_log_ ? static_cast<float>(width_) * std::log1p(size / static_cast<float>(width_))
                   : size;
  }
  // 0 at 0.
  float slope(float z) const {
    const float sign = static_cast<float>(z > 0.0f) - static_cast<float>(z < 0.0f);
    const auto width = static_cast<float>(width_);
    return is_log_ ? sign * width / (width + std::fabs(z)) : sign;
  }
  // Of a number that is not 0.
  double curvature(double z) const {
    const double around = width_ + std::abs(z);
    return is_log_ ? -width_ / (around * around) : 0;
  }
  // The z that makes (z - y)^2 / 2 + factor * cost(z) smallest. NaN passes.
  float shrink(float y, float factor) const {
    const float size = std::fabs(y);
    const float z = is_log_ ? shrink_log(size, factor) : std::max(size - factor, 0.0f);
    return std::copysign(z, y);
  }

 private:
  // The larger root of (z - y) + factor * width / (width + z) = 0, unless 0 costs less; y >= 0.
  float shrink_log(float y, float factor) const {
    const auto w = static_cast<float>(width_);
    const float inside = (y + w) * (y + w) - 4 * factor * w;
    const float z = 0.5f * (y - w + std::sqrt(std::max(inside, 0.0f)));
    if (inside < 0 || z <= 0) return 0;
    return 0.5f * (z - y) * (z - y) + factor * cost(z) >= 0.5f * y * y ? 0.0f : z;
  }

  bool is_log_ = false;
  double width_ = 1;
};

}  // namespace cnn

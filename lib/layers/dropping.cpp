#include "layers/dropping.h"

#include <algorithm>
#include <cmath>

namespace cnn {

Dropping::Dropping(double p)
    : threshold_(static_cast<uint64_t>(std::ldexp(p, 32))),
      scale_(p < 1 ? static_cast<float>(1 / (1 - p)) : 0.0f) {}

void Dropping::run(const Rng& rng, uint64_t origin, int64_t first, int64_t last, const float* in,
                   float* out, bool add) const {
  constexpr int64_t kAtOnce = 512;
  uint32_t words[kAtOnce];
  const auto last_dropped = static_cast<uint32_t>(threshold_ - 1);  // what has larger bits stays
  const float scale = scale_;
  for (int64_t start = first; start < last; start += kAtOnce) {
    const int64_t count = std::min(kAtOnce, last - start);
    rng.fill_bits((origin + static_cast<uint64_t>(start)) / 4, (count + 3) / 4, words);
    const float* from = in + start;
    float* to = out + start;
    if (add) {
#pragma GCC ivdep
      for (int64_t i = 0; i < count; ++i) {
        to[i] += words[i] > last_dropped ? from[i] * scale : 0.0f;
      }
    } else {
#pragma GCC ivdep
      for (int64_t i = 0; i < count; ++i) {
        to[i] = words[i] > last_dropped ? from[i] * scale : 0.0f;
      }
    }
  }
}

}  // namespace cnn

#include "viz/top_activations.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "base/parallel.h"

namespace cnn {

void TopActivations::add(const ConstView& values, int64_t first) {
  CNN_ASSERT(values.channels() == maps());
  const int64_t maps = values.channels(), positions = values.shape.positions();
  // Every sample's best place by map, then map by map in the order of samples.
  std::vector<Activation> best(static_cast<size_t>(values.batch * maps));
  parallel_for(values.batch, 1, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      Activation* of_sample = best.data() + n * maps;
      for (int64_t c = 0; c < maps; ++c) of_sample[c] = {-INFINITY, first + n, -1};
      for (int64_t p = 0; p < positions; ++p) {
        const float* row = values.sample(n) + p * maps;
        for (int64_t c = 0; c < maps; ++c) {
          if (!(row[c] > of_sample[c].value)) continue;
          of_sample[c].value = row[c];
          of_sample[c].position = p;
        }
      }
    }
  });
  for (int64_t c = 0; c < maps; ++c) {
    std::vector<Activation>& kept = best_[static_cast<size_t>(c)];
    for (int64_t n = 0; n < values.batch; ++n) {
      const Activation& next = best[static_cast<size_t>(n * maps + c)];
      const bool is_full = static_cast<int64_t>(kept.size()) == keep_;
      if (next.position < 0 || (is_full && !(next < kept.back()))) continue;
      if (is_full) kept.pop_back();
      kept.insert(std::upper_bound(kept.begin(), kept.end(), next), next);
    }
  }
}

std::vector<int64_t> TopActivations::strongest_maps(int64_t count) const {
  std::vector<int64_t> maps;
  for (int64_t c = 0; c < this->maps(); ++c) {
    if (!of(c).empty() && of(c).front().value > 0) maps.push_back(c);
  }
  std::stable_sort(maps.begin(), maps.end(),
                   [&](int64_t a, int64_t b) { return of(a).front().value > of(b).front().value; });
  if (static_cast<int64_t>(maps.size()) > count) maps.resize(static_cast<size_t>(count));
  std::sort(maps.begin(), maps.end());
  return maps;
}

}  // namespace cnn

// Loops over the values of a batch that give every value its own random numbers.
#pragma once

#include <algorithm>

#include "base/parallel.h"
#include "layers/layer.h"

namespace cnn {

// visit(random numbers of the sample, index in the sample, index in the batch), in memory's order,
// for all values of the first input, on all threads. `cost` of one in elementary operations.
template <class Visit>
void for_each_random_value(const Call& call, int64_t cost, Visit visit) {
  const int64_t count = call.input().shape.count(), all = call.batch * count;
  parallel_for(all, grain_for(all, cost), [&](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end;) {
      const int64_t sample = at / count, last = std::min(end, (sample + 1) * count);
      const Rng rng = call.rng(sample);
      for (; at < last; ++at) visit(rng, static_cast<uint64_t>(at - sample * count), at);
    }
  });
}

}  // namespace cnn

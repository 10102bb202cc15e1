// Held out: which samples validation takes from the training files.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace cnn {

// `wanted` of `size` samples, drawn by `seed`, in ascending order. With `labels`, one a sample, of
// every class the share that it has of all, to within one sample; no class gives its last sample as
// long as others have more.
std::vector<int64_t> held_out(int64_t size, int64_t wanted, uint64_t seed,
                              std::span<const int64_t> labels = {});

}  // namespace cnn

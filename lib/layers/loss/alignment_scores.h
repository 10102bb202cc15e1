// How well a list of words goes with a list of regions, by the products of their vectors. Shared by
// the loss `alignment` and the metric `retrieval`.
#pragma once

#include <cstdint>

#include "spec/options.h"

namespace cnn {

enum class AlignmentScore {
  kBest,      // each word takes the region that goes with it best
  kPositive,  // each word takes all regions that go with it at all
};

void declare_alignment_score(Options& o, AlignmentScore& score);

// `products`: [words, regions]. 0 where either are none.
double alignment_score(const float* products, int64_t words, int64_t regions, AlignmentScore by);

// The region that goes best with a word, the first of equal ones; there is at least one.
int64_t best_region(const float* products, int64_t regions);

}  // namespace cnn

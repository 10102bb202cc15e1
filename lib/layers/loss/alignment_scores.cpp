#include "layers/loss/alignment_scores.h"

#include <algorithm>

#include "kernels/vector_math.h"

namespace cnn {

void declare_alignment_score(Options& o, AlignmentScore& score) {
  o.choice("score", score,
           {{"best", AlignmentScore::kBest}, {"positive", AlignmentScore::kPositive}},
           "what a word adds: its largest product with a region, or all that are above 0");
}

double alignment_score(const float* products, int64_t words, int64_t regions, AlignmentScore by) {
  double sum = 0;
  for (int64_t t = 0; regions > 0 && t < words; ++t) {
    const float* of_word = products + t * regions;
    const auto positive = [=](int64_t i) { return of_word[i] > 0 ? of_word[i] : 0.0f; };
    sum += static_cast<double>(by == AlignmentScore::kBest ? row_max(of_word, regions)
                                                           : row_sum(regions, positive));
  }
  return sum;
}

int64_t best_region(const float* products, int64_t regions) {
  const float* found = std::find(products, products + regions, row_max(products, regions));
  return std::min(found - products, regions - 1);  // NaN is not found
}

}  // namespace cnn

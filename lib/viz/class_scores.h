// ClassScores: what a network says of classes, before the softmax, and where backward begins to
// explain it. A network that gives every pixel a class ([K,H,W]) is asked about the sum over the
// pixels that it gives to the class (Vinogradova et al. 2020, "Towards interpretable semantic
// segmentation via gradient-weighted class activation mapping"); about all pixels if there are
// none.
#pragma once

#include <cstdint>
#include <vector>

#include "tensor/view.h"

namespace cnn {

struct ClassScore {
  int64_t number = 0;
  double score = 0;        // the number that backward starts from
  double probability = 0;  // by softmax (one score: sigmoid); of a map: share of the pixels
};

// Of sample `n`, likeliest first.
std::vector<ClassScore> ranked_classes(const ConstView& scores, int64_t n);
ClassScore class_score(const ConstView& scores, int64_t n, int64_t number);
// How many classes the scores tell apart: 2 for one score.
int64_t class_count(const Shape& scores);

// Writes the gradient of class `number`'s score into sample `n` of `seed`; all else of the sample
// becomes 0.
void seed_class(const ConstView& scores, int64_t n, int64_t number, const View& seed);

}  // namespace cnn

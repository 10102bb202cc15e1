#include "layers/class_scores.h"

#include <cmath>
#include <vector>

#include "base/rng.h"
#include "support/catch.h"

namespace cnn {

TEST_CASE("log_sum_exp and rank_of match plain loops for few classes and for many") {
  for (const int64_t classes : {1, 2, 15, 16, 17, 65, 512, 513, 8000}) {
    const Rng rng(1, "scores", static_cast<uint64_t>(classes));
    std::vector<float> scores(static_cast<size_t>(classes));
    for (size_t c = 0; c < scores.size(); ++c) {
      // Few different ones, so that there are equal ones.
      scores[c] = std::round(4 * rng.normal(c)) / 4;
    }
    double sum = 0;
    for (const float x : scores) sum += std::exp(static_cast<double>(x));
    CHECK(log_sum_exp(scores.data(), classes) == Approx(std::log(sum)).margin(1e-7).epsilon(0));
    for (int64_t own = 0; own < classes; own += 1 + classes / 20) {
      int64_t before = 0;
      for (int64_t c = 0; c < classes; ++c) {
        const float x = scores[static_cast<size_t>(c)], y = scores[static_cast<size_t>(own)];
        before += x > y || (x == y && c < own) ? 1 : 0;
      }
      CHECK(rank_of(scores.data(), classes, own) == before);
    }
  }
}

TEST_CASE("log_sum_exp is finite wherever scores are") {
  const float far[] = {1e4F, -1e4F, 1e4F}, wrong[] = {0, NAN, 1};
  CHECK(log_sum_exp(far, 3) == Approx(1e4 + std::log(2.0)));
  CHECK(log_sum_exp(far + 1, 1) == -1e4);
  CHECK(std::isnan(log_sum_exp(wrong, 3)));
}

}  // namespace cnn

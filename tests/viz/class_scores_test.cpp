#include "viz/class_scores.h"

#include <cmath>
#include <vector>

#include "support/catch.h"

namespace cnn {

TEST_CASE("classes are ranked by their softmax") {
  const std::vector<float> scores = {1, 3, 2, 0, 0, 5};
  const ConstView view{scores.data(), 2, {3}};
  const std::vector<ClassScore> first = ranked_classes(view, 0);
  REQUIRE(first.size() == 3);
  CHECK(first[0].number == 1);
  CHECK(first[1].number == 2);
  CHECK(first[0].score == 3);
  const double sum = std::exp(1.0) + std::exp(3.0) + std::exp(2.0);
  CHECK(first[0].probability == Approx(std::exp(3.0) / sum));
  CHECK(class_score(view, 1, 0).probability == Approx(1 / (2 + std::exp(5.0))));
}

TEST_CASE("one score is that of class 1 against class 0") {
  const float score = 2;
  const ConstView view{&score, 1, {1}};
  CHECK(class_count(view.shape) == 2);
  CHECK(class_score(view, 0, 1).probability == Approx(1 / (1 + std::exp(-2.0))));
  CHECK(class_score(view, 0, 0).probability == Approx(1 / (1 + std::exp(2.0))));
  CHECK(class_score(view, 0, 0).score == -2);
  float seed = 9;
  seed_class(view, 0, 0, {&seed, 1, {1}});
  CHECK(seed == -1);
}

TEST_CASE("a map of classes is asked about the pixels of the class") {
  // Two classes, four pixels, channels last; class 1 wins pixels 1 and 2.
  const std::vector<float> scores = {5, 1, 0, 2, 1, 4, 3, 2};
  const ConstView view{scores.data(), 1, {2, 2, 2}};
  const ClassScore one = class_score(view, 0, 1);
  CHECK(one.score == 2 + 4);
  CHECK(one.probability == 0.5);
  std::vector<float> seed(8, 7.0f);
  seed_class(view, 0, 1, {seed.data(), 1, {2, 2, 2}});
  CHECK(seed == std::vector<float>{0, 0, 0, 1, 0, 1, 0, 0});
}

TEST_CASE("a class that no pixel has is asked about at all of them") {
  const std::vector<float> scores = {5, 1, 4, 2};
  const ConstView view{scores.data(), 1, {2, 1, 2}};
  CHECK(class_score(view, 0, 1).score == 3);
  CHECK(class_score(view, 0, 1).probability == 0);
  std::vector<float> seed(4, 7.0f);
  seed_class(view, 0, 1, {seed.data(), 1, {2, 1, 2}});
  CHECK(seed == std::vector<float>{0, 1, 0, 1});
}

}  // namespace cnn

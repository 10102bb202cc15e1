#include "metrics/softmax.h"

#include <cmath>

#include "support/catch.h"

using namespace cnn;

TEST_CASE("the softmax of scores are shares of one") {
  const std::vector<float> scores = {1, 2, 0};
  const std::vector<double> shares = softmax(scores);
  const double sum = std::exp(1.0) + std::exp(2.0) + 1;
  REQUIRE(shares.size() == 3);
  CHECK(std::abs(shares[0] - std::exp(1.0) / sum) < 1e-15);
  CHECK(std::abs(shares[0] + shares[1] + shares[2] - 1) < 1e-15);
}

TEST_CASE("the softmax of huge scores is finite") {
  const std::vector<float> scores = {1e4f, -1e4f, 1e4f};
  CHECK(softmax(scores) == std::vector<double>{0.5, 0, 0.5});
  CHECK(softmax(std::vector<float>{-3e38f}) == std::vector<double>{1});
}

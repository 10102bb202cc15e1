#include <vector>

#include "data/transforms.h"
#include "support/catch.h"

using namespace cnn;

TEST_CASE("normalisation scales, subtracts the mean and divides by the deviation") {
  const Normalization n{0.5, {1, 2}, {2, 4}};
  std::vector<float> values = {2, 4, 6, 8};  // two positions of two channels
  n.apply(values.data(), 2, 2);
  CHECK(values == std::vector<float>{0, 0, 1, 0.5f});
  CHECK_FALSE(n.is_identity());
  CHECK(Normalization().is_identity());
}

TEST_CASE("the table of bytes holds the same numbers") {
  const Normalization n{1.0 / 255, {0.5, 0.25, 0}, {0.5}};
  const std::vector<float> table = n.byte_table(3);
  REQUIRE(table.size() == 768);
  for (int c = 0; c < 3; ++c) {
    for (int b = 0; b < 256; b += 15) {
      std::vector<float> value(3, static_cast<float>(b));
      n.apply(value.data(), 1, 3);
      CHECK(table[static_cast<size_t>(256 * c + b)] == value[static_cast<size_t>(c)]);
    }
  }
}

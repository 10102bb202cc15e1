#include <cmath>

#include "reference/elementwise.h"
#include "support/catch.h"

namespace cnn {

TEST_CASE("silu matches the reference") {
  const auto silu = [](double x) { return x / (1 + std::exp(-x)); };
  reference::check_activation("silu", silu);
  const Shape large = shapes_of_every_rank().back();
  REQUIRE(large.count() > 1000);
  check_layer({"silu", {large}, reference::elementwise(silu)});
}

}  // namespace cnn

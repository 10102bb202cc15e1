#include <cmath>

#include "reference/elementwise.h"
#include "support/catch.h"

namespace cnn {

TEST_CASE("silu matches the reference") {
  reference::check_activation("silu", [](double x) { return x / (1 + std::exp(-x)); });
}

}  // namespace cnn

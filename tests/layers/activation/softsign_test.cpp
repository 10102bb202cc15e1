#include <cmath>

#include "reference/elementwise.h"
#include "support/catch.h"

namespace cnn {

TEST_CASE("softsign matches the reference") {
  reference::check_activation("softsign", [](double x) { return x / (1 + std::abs(x)); });
}

}  // namespace cnn

#include <cmath>

#include "reference/elementwise.h"
#include "support/catch.h"

namespace cnn {

TEST_CASE("softplus matches the reference") {
  reference::check_activation("softplus", [](double x) { return std::log1p(std::exp(x)); });
}

}  // namespace cnn

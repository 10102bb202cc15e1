#include <cmath>

#include "reference/elementwise.h"
#include "support/catch.h"

namespace cnn {

TEST_CASE("mish matches the reference") {
  reference::check_activation("mish",
                              [](double x) { return x * std::tanh(std::log1p(std::exp(x))); });
}

}  // namespace cnn

#include <algorithm>
#include <cmath>

#include "reference/elementwise.h"
#include "support/catch.h"

namespace cnn {

TEST_CASE("hard_sigmoid matches the reference") {
  reference::check_activation("hard_sigmoid",
                              [](double x) { return std::min(std::max(x + 3, 0.0), 6.0) / 6; });
}

}  // namespace cnn

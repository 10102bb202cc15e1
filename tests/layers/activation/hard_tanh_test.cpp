#include <algorithm>
#include <cmath>

#include "reference/elementwise.h"
#include "support/catch.h"

namespace cnn {

TEST_CASE("hard_tanh matches the reference") {
  reference::check_activation("hard_tanh",
                              [](double x) { return std::min(std::max(x, -1.0), 1.0); });
}

TEST_CASE("hard_tanh has other ends by its options") {
  reference::check_activation("{hard_tanh, low: -0.31, high: 1.73}", [](double x) {
    return std::min(std::max(x, static_cast<double>(-0.31f)), static_cast<double>(1.73f));
  });
  CHECK(setup_error("{hard_tanh, low: 1, high: 1}", {{3}}).find("must be below") !=
        std::string::npos);
}

}  // namespace cnn

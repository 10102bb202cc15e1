#include "reference/class_loss.h"
#include "support/catch.h"

namespace cnn {

TEST_CASE("least_squares matches the reference") {
  reference::check_class_loss(
      "{least_squares: x}",
      [](const Numbers& x, size_t target) {
        double sum = 0;
        for (size_t c = 0; c < x.size(); ++c) {
          const bool own = x.size() == 1 ? target == 1 : c == target;
          sum += (x[c] - (own ? 1 : -1)) * (x[c] - (own ? 1 : -1));
        }
        return sum;
      },
      1);
}

}  // namespace cnn

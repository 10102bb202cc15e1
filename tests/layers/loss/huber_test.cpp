#include <cmath>

#include "reference/value_loss.h"
#include "support/catch.h"

namespace cnn {
namespace {

auto huber(double delta) {
  return [delta](double x, double t) {
    const double d = std::abs(x - t);
    return d <= delta ? d * d / 2 : delta * (d - delta / 2);
  };
}

}  // namespace

TEST_CASE("huber matches the reference for small and large deltas") {
  reference::check_value_loss("{huber: x, target: y}", huber(1));
  reference::check_value_loss("{huber: x, target: y, delta: 0.25}", huber(0.25));
  reference::check_value_loss("{huber: x, target: y, delta: 100}", huber(100));
}

TEST_CASE("huber's delta is above 0") {
  CHECK(setup_error("{huber: x, target: y, delta: 0}", {{3}}) != "");
}

}  // namespace cnn

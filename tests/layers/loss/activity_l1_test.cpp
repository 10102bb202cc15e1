#include <cmath>

#include "support/catch.h"
#include "support/check_layer.h"

namespace cnn {
namespace {

double plain(double x) { return std::abs(x); }
double bent(double x) { return 0.5 * std::log1p(std::abs(x) / 0.5); }

auto sizes(bool sum, double (*cost)(double) = plain) {
  return [sum, cost](const ReferenceCall& call) {
    const auto count = static_cast<size_t>(call.shapes[0].count());
    Numbers out;
    for (size_t n = 0; n < static_cast<size_t>(call.batch); ++n) {
      double loss = 0;
      for (size_t i = n * count; i < (n + 1) * count; ++i) loss += cost(call.inputs[0][i]);
      out.push_back(loss);
      out.push_back(sum ? 1 : static_cast<double>(count));
    }
    return out;
  };
}

}  // namespace

TEST_CASE("activity_l1 matches the reference") {
  for (const Shape& shape : shapes_of_every_rank()) {
    check_layer({"{activity_l1: x}", {shape}, sizes(true)});
  }
  check_layer({"{activity_l1: x, reduction: mean}", {{3, 5, 7}}, sizes(false)});
}

TEST_CASE("activity_l1's log penalty matches the reference") {
  for (const Shape& shape : shapes_of_every_rank()) {
    check_layer({"{activity_l1: x, penalty: log, width: 0.5}", {shape}, sizes(true, bent)});
  }
}

TEST_CASE("activity_l1 leaves a 0 alone") {
  const LayerHarness layer("{activity_l1: x}", {{3}});
  CHECK(layer.run({}, 1, 1, {{0, -2, 3}}, {}, {}).grad_in[0] == std::vector<float>{0, -1, 1});
}

}  // namespace cnn

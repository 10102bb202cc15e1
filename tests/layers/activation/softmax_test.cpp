#include "reference/softmax.h"

#include <cmath>

#include "support/catch.h"
#include "support/check_layer.h"

namespace cnn {
namespace {

Numbers naive(const ReferenceCall& call) {
  const Shape& shape = call.shapes[0];
  Numbers out(call.inputs[0].size());
  for (int64_t n = 0; n < call.batch; ++n) {
    for (int64_t p = 0; p < shape.positions(); ++p) {
      const Numbers row = reference::log_softmax(call.inputs[0], shape, n, p);
      for (int64_t c = 0; c < shape.channels(); ++c) {
        out[reference::file_index(shape, n, c, p)] = std::exp(row[static_cast<size_t>(c)]);
      }
    }
  }
  return out;
}

}  // namespace

TEST_CASE("softmax over the channels matches the reference") {
  for (const Shape& shape : shapes_of_every_rank()) check_layer({"softmax", {shape}, naive});
  check_layer({"softmax", {{100}}, naive});
}

TEST_CASE("softmax of extreme scores is finite, NaN spreads over its position alone") {
  const LayerHarness layer("softmax", {{3}});
  const RunResult result =
      layer.run({}, 2, 2, {{1e4, -1e4, 1e4, NAN, 0, 0}}, {}, {1, 1, 1, 1, 1, 1});
  CHECK(result.out[0] == 0.5f);
  CHECK(result.out[1] == 0);
  CHECK(result.out[2] == 0.5f);
  for (size_t i = 3; i < 6; ++i) CHECK(std::isnan(result.out[i]));
}

}  // namespace cnn

#include "support/catch.h"
#include "support/check_layer.h"

namespace cnn {
namespace {

// In the order of files nothing moves.
Numbers same(const ReferenceCall& call) { return call.inputs[0]; }

}  // namespace

TEST_CASE("flatten keeps the order C,H,W") {
  for (const Shape& shape : shapes_of_every_rank()) {
    check_layer({"flatten", {shape}, same});
    CHECK(LayerHarness("flatten", {shape}).plan().output() == Shape{shape.count()});
  }
  check_layer({"flatten", {{70, 3, 2}}, same});
}

TEST_CASE("flatten works in place where the order in memory stays") {
  CHECK(LayerHarness("flatten", {{17, 1, 1}}).plan().in_place);
  CHECK(LayerHarness("flatten", {{1, 4, 3}}).plan().in_place);
  CHECK(LayerHarness("flatten", {{4, 3}}).plan().in_place);
  CHECK_FALSE(LayerHarness("flatten", {{2, 2, 1}}).plan().in_place);
}

}  // namespace cnn

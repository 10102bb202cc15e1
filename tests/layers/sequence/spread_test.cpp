#include "support/catch.h"
#include "support/check_layer.h"
#include "support/text.h"

namespace cnn {
namespace {

Numbers naive(const ReferenceCall& call) {
  const auto count = static_cast<size_t>(call.shapes[0].count());
  const std::vector<int64_t>& starts = call.starts[1];
  Numbers out;
  for (size_t n = 0; n + 1 < starts.size(); ++n) {
    for (int64_t t = starts[n]; t < starts[n + 1]; ++t) {
      for (size_t i = 0; i < count; ++i) out.push_back(call.inputs[0][n * count + i]);
    }
  }
  return out;
}

}  // namespace

TEST_CASE("spread gives every item of a list the sample's value, and sums its gradient") {
  for (const Items& items : {Items::list(1), Items::list(4), Items::up_to(1), Items::up_to(7)}) {
    check_layer({"spread", {Shape{3}, list_of({2}, items)}, naive});
    check_layer({"spread", {Shape{2, 3, 4}, list_of({5}, items)}, naive});
  }
  CHECK(contains(setup_error("spread", {{3}, {2}}), "is no list"));
}

}  // namespace cnn

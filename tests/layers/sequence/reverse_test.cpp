#include "support/catch.h"
#include "support/check_layer.h"
#include "support/text.h"

namespace cnn {
namespace {

Numbers naive(const ReferenceCall& call) {
  const auto count = static_cast<size_t>(call.shapes[0].count());
  const std::vector<int64_t>& starts = call.starts[0];
  Numbers out;
  for (size_t n = 0; n + 1 < starts.size(); ++n) {
    for (int64_t t = starts[n + 1]; t-- > starts[n];) {
      for (size_t i = 0; i < count; ++i) {
        out.push_back(call.inputs[0][static_cast<size_t>(t) * count + i]);
      }
    }
  }
  return out;
}

}  // namespace

TEST_CASE("reverse turns the items of every sample round") {
  for (const Items& items : {Items::list(1), Items::list(4), Items::up_to(1), Items::up_to(7)}) {
    check_layer({"reverse", {list_of({3}, items)}, naive});
    check_layer({"reverse", {list_of({2, 3, 4}, items)}, naive});
    check_layer({"reverse", {classes_below(5, {1}, items)}, naive});
  }
  CHECK(contains(setup_error("reverse", {{3}}), "is no list"));
}

}  // namespace cnn

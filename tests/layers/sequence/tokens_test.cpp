#include "reference/index.h"
#include "support/catch.h"
#include "support/check_layer.h"
#include "support/text.h"

namespace cnn {
namespace {

Numbers naive(const ReferenceCall& call) {
  const Shape& in = call.shapes[0];
  Numbers out;
  for (int64_t n = 0; n < call.batch; ++n) {
    for (int64_t p = 0; p < in.positions(); ++p) {
      for (int64_t c = 0; c < in.channels(); ++c) {
        out.push_back(call.inputs[0][reference::file_index(in, n, c, p)]);
      }
    }
  }
  return out;
}

}  // namespace

TEST_CASE("the positions of a value become items") {
  for (const Shape& shape : {Shape{3, 5}, Shape{1, 1, 1}, Shape{3, 4, 5}, Shape{1, 7, 3},
                             Shape{2, 3, 4, 5}, Shape{5, 33, 35}}) {
    check_layer({"tokens", {shape}, naive});
  }
  const LayerHarness layer("tokens", {{3, 4, 5}});
  CHECK(layer.plan().output() == Shape{3});
  CHECK(layer.plan().outputs[0].items == Items::list(20));
}

TEST_CASE("tokens says what cannot become a list") {
  CHECK(contains(setup_error("tokens", {{3}}), "[3] has one position alone"));
  CHECK(contains(setup_error("tokens", {list_of({3, 4, 4}, Items::list(2))}), "is a list already"));
}

}  // namespace cnn

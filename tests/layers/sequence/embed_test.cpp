#include "reference/index.h"
#include "support/catch.h"
#include "support/check_layer.h"
#include "support/text.h"

namespace cnn {
namespace {

Numbers naive(const ReferenceCall& call) {
  const Shape& in = call.shapes[0];
  const auto width = static_cast<int64_t>(call.parameters[0].size()) / 5;
  Numbers out;
  for (int64_t n = 0; n < call.batch; ++n) {
    for (int64_t i = 0; i < width; ++i) {
      for (int64_t p = 0; p < in.positions(); ++p) {
        const auto c = static_cast<int64_t>(call.inputs[0][reference::file_index(in, n, 0, p)]);
        out.push_back(call.parameters[0][static_cast<size_t>(c * width + i)]);
      }
    }
  }
  return out;
}

}  // namespace

TEST_CASE("embed gives every class its vector, and sums gradients by class") {
  for (const char* item : {"{embed: 1}", "{embed: 3}", "{embed: 16}", "{embed: 37}"}) {
    check_layer({item, {classes_below(5)}, naive});
    check_layer({item, {classes_below(5, {1, 3, 4})}, naive});
  }
  check_layer({"{embed: 40}", {classes_below(5, {1, 30, 40})}, naive});
  check_layer({"{embed: 3, classes: 5}", {classes_below(4)}, naive});
}

TEST_CASE("embed says what it needs") {
  CHECK(contains(setup_error("{embed: 3}", {{1}}), "does not say how many classes there are"));
  CHECK(contains(setup_error("{embed: 3}", {classes_below(5, {2})}), "2 numbers a position"));
  CHECK(contains(setup_error("{embed: 3, classes: 4}", {classes_below(5)}), "4 classes, but"));
  const LayerHarness harness("{embed: 3}", {classes_below(5)});
  CHECK(harness.plan().parameters[0].name == "weight");
  CHECK(harness.plan().parameters[0].shape == Shape{5, 3});
}

}  // namespace cnn

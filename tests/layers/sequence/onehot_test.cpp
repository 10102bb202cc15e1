#include "reference/index.h"
#include "support/catch.h"
#include "support/check_layer.h"
#include "support/text.h"

namespace cnn {
namespace {

Numbers naive(const ReferenceCall& call, int64_t classes) {
  const Shape& in = call.shapes[0];
  Numbers out;
  for (int64_t n = 0; n < call.batch; ++n) {
    for (int64_t c = 0; c < classes; ++c) {
      for (int64_t p = 0; p < in.positions(); ++p) {
        out.push_back(call.inputs[0][reference::file_index(in, n, 0, p)] == static_cast<double>(c));
      }
    }
  }
  return out;
}

}  // namespace

TEST_CASE("onehot has a 1 at the class and 0 elsewhere") {
  const auto five = [](const ReferenceCall& call) { return naive(call, 5); };
  const auto seven = [](const ReferenceCall& call) { return naive(call, 7); };
  check_layer({"onehot", {classes_below(5)}, five});
  check_layer({"onehot", {classes_below(5, {1, 3, 4})}, five});
  check_layer({"{onehot: 7}", {classes_below(5)}, seven});
  CHECK(contains(setup_error("onehot", {{1}}), "give 'classes'"));
}

}  // namespace cnn

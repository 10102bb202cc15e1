#include <cmath>

#include "support/catch.h"
#include "support/check_layer.h"
#include "support/text.h"

namespace cnn {
namespace {

Numbers naive(const ReferenceCall& call) {
  const auto width = static_cast<size_t>(call.shapes[0].count());
  const bool is_learned = !call.parameters.empty();
  Numbers out;
  for (size_t n = 0; n < static_cast<size_t>(call.batch); ++n) {
    const auto first = static_cast<size_t>(call.starts[0][n]);
    for (size_t t = 0; t + first < static_cast<size_t>(call.starts[0][n + 1]); ++t) {
      for (size_t i = 0; i < width; ++i) {
        const double wave = std::pow(10000.0, -static_cast<double>(i - i % 2) / width);
        const double angle = static_cast<double>(t) * wave;
        const double place = is_learned   ? call.parameters[0][t * width + i]
                             : i % 2 == 0 ? std::sin(angle)
                                          : std::cos(angle);
        out.push_back(call.inputs[0][(first + t) * width + i] + place);
      }
    }
  }
  return out;
}

}  // namespace

TEST_CASE("positions add a vector for every place") {
  for (const Items& items : {Items::list(1), Items::list(5), Items::up_to(1), Items::up_to(7)}) {
    for (const int64_t width : {1, 4, 7}) {
      check_layer({"positions", {list_of({width}, items)}, naive});
      check_layer({"{positions: learned, most: 9}", {list_of({width}, items)}, naive});
      check_layer({"{positions: sine}", {list_of({width}, items)}, naive});
    }
  }
  check_layer({"positions", {list_of({40}, Items::up_to(300))}, naive});
}

TEST_CASE("positions refuse lists that are longer than they reach") {
  const Form list = list_of({4}, Items::up_to(7));
  CHECK(contains(setup_error("{positions: learned, most: 6}", {list}),
                 "has up to 7 items, but there are 6 places; raise 'most'"));
  CHECK(contains(setup_error("{positions: sine, most: 9}", {list}), "'most' is for learned ones"));
  CHECK(contains(setup_error("positions", {{4}}), "[4] is no list of items"));
  CHECK(contains(setup_error("positions", {list_of({4, 3, 3}, Items::list(2))}), "no items [F]"));
  const LayerHarness layer("{positions: learned, most: 9}", {list});
  CHECK(layer.plan().parameters[0].name == "weight");
  CHECK(layer.plan().parameters[0].shape == Shape{9, 4});
}

}  // namespace cnn

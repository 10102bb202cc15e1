#include <algorithm>
#include <cmath>
#include <string>

#include "support/catch.h"
#include "support/check_layer.h"
#include "support/text.h"

namespace cnn {
namespace {

auto naive(const std::string& by) {
  return [by](const ReferenceCall& call) {
    const auto count = static_cast<size_t>(call.shapes[0].count());
    const std::vector<int64_t>& starts = call.starts[0];
    Numbers out;
    for (size_t n = 0; n + 1 < starts.size(); ++n) {
      const auto first = static_cast<size_t>(starts[n]), end = static_cast<size_t>(starts[n + 1]);
      for (size_t i = 0; i < count; ++i) {
        double sum = 0, most = -INFINITY;
        for (size_t t = first; t < end; ++t) {
          sum += call.inputs[0][t * count + i];
          most = std::max(most, call.inputs[0][t * count + i]);
        }
        if (first == end) {
          out.push_back(0);
        } else if (by == "mean") {
          out.push_back(sum / static_cast<double>(end - first));
        } else if (by == "first" || by == "last") {
          out.push_back(call.inputs[0][(by == "first" ? first : end - 1) * count + i]);
        } else {
          out.push_back(by == "max" ? most : sum);
        }
      }
    }
    return out;
  };
}

}  // namespace

TEST_CASE("reduce makes one value of the items that a sample has") {
  for (const char* by : {"mean", "max", "sum", "first", "last"}) {
    const std::string item = std::string("{reduce: ") + by + "}";
    for (const Items& items : {Items::list(1), Items::list(4), Items::up_to(1), Items::up_to(7)}) {
      check_layer({item, {list_of({3}, items)}, naive(by)});
      check_layer({item, {list_of({2, 3, 4}, items)}, naive(by)});
    }
    check_layer({item, {list_of({4, 30, 40}, Items::up_to(3))}, naive(by)});
  }
}

TEST_CASE("reduce takes lists, and says what serves for pictures") {
  CHECK(contains(setup_error("{reduce: mean}", {{3}}), "[3] is no list of items"));
  CHECK(contains(setup_error("{reduce: mean}", {{3, 8, 8}}), "'gap' is the mean of a picture"));
}

TEST_CASE("reduce picks class numbers but does not add them up") {
  const Form list = classes_below(5, {1}, Items::up_to(4));
  check_layer({"{reduce: last}", {list}, naive("last")});
  CHECK(contains(setup_error("{reduce: mean}", {list}), "no amounts"));
}

}  // namespace cnn

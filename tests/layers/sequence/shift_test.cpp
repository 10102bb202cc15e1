#include "support/catch.h"
#include "support/check_layer.h"
#include "support/text.h"

namespace cnn {
namespace {

auto naive(int64_t by, double fill) {
  return [by, fill](const ReferenceCall& call) {
    const auto count = static_cast<size_t>(call.shapes[0].count());
    const std::vector<int64_t>& starts = call.starts[0];
    Numbers out;
    for (size_t n = 0; n + 1 < starts.size(); ++n) {
      for (int64_t t = starts[n]; t < starts[n + 1]; ++t) {
        const int64_t from = t - by;
        const bool is_there = from >= starts[n] && from < starts[n + 1];
        for (size_t i = 0; i < count; ++i) {
          out.push_back(is_there ? call.inputs[0][static_cast<size_t>(from) * count + i] : fill);
        }
      }
    }
    return out;
  };
}

}  // namespace

TEST_CASE("shift moves items within their sample and fills what becomes free") {
  for (const Items& items : {Items::list(1), Items::list(4), Items::up_to(7)}) {
    check_layer({"{shift: 1}", {list_of({3}, items)}, naive(1, 0)});
    check_layer({"{shift: -1}", {list_of({3}, items)}, naive(-1, 0)});
    check_layer({"{shift: 3, fill: 0.5}", {list_of({2, 2, 3}, items)}, naive(3, 0.5)});
    check_layer({"{shift: 100}", {list_of({3}, items)}, naive(100, 0)});
    check_layer({"{shift: 2, carry: true}", {list_of({3}, items)}, naive(2, 0)});
    check_layer({"{shift: 2, fill: 4}", {classes_below(5, {1}, items)}, naive(2, 4)});
  }
}

TEST_CASE("shift keeps class numbers class numbers") {
  const LayerHarness harness("{shift: 1}", {classes_below(5, {1}, Items::up_to(3))});
  CHECK(harness.plan().outputs[0].kind == FieldKind::kClass);
  CHECK(harness.plan().outputs[0].classes == 5);
}

TEST_CASE("shifts that cannot be are explained") {
  const Form list = list_of({3}, Items::up_to(4));
  CHECK(contains(setup_error("{shift: 0}", {list}), "changes nothing"));
  CHECK(contains(setup_error("{shift: 1}", {{3}}), "is no list"));
  CHECK(contains(setup_error("{shift: -1, carry: true}", {list}), "to later places"));
  CHECK(contains(setup_error("{shift: 1, fill: 5}", {classes_below(5, {1}, Items::up_to(4))}),
                 "is no class number"));
}

}  // namespace cnn

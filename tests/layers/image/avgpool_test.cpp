#include "reference/pool.h"
#include "support/catch.h"
#include "support/check_layer.h"

namespace cnn {
namespace {

struct Case {
  std::string item;
  Shape input;
  Extents out, kernel, stride, pad = Extents::all(0);
  bool count_pad = true;
};

AveragePoolShape shape_of(const Case& c) {
  AveragePoolShape s;
  static_cast<PoolShape&>(s) = {c.input.channels(), c.input.extents(), c.out,
                                c.kernel,           c.stride,          c.pad};
  s.pad_end = c.pad;
  s.count_pad = c.count_pad;
  return s;
}

void check_cases(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.item << " on " << c.input.str()) {
      CHECK(LayerHarness(c.item, {c.input}).plan().output().extents() == c.out);
      check_layer({c.item, {c.input}, [&](const ReferenceCall& call) {
                     return reference::average_pool(shape_of(c), call.batch, call.inputs[0]);
                   }});
    }
  }
}

}  // namespace

TEST_CASE("avgpool matches the reference") {
  const std::vector<Case> cases = {
      {"{avgpool: 2}", {6, 4, 5}, {1, 2, 2}, {1, 2, 2}, {1, 2, 2}},
      {"{avgpool: 3, stride: 1, pad: 1}", {2, 3, 4}, {1, 3, 4}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}},
      {"{avgpool: 3, stride: 1, pad: 1, count_pad: false}",
       {17, 3, 4},
       {1, 3, 4},
       {1, 3, 3},
       {1, 1, 1},
       {0, 1, 1},
       false},
      {"{avgpool: 3, stride: 2, pad: 1, ceil: true}",
       {3, 6, 4},
       {1, 4, 3},
       {1, 3, 3},
       {1, 2, 2},
       {0, 1, 1}},
      {"{avgpool: 3, stride: 2, pad: 1, ceil: true, count_pad: false}",
       {3, 6, 4},
       {1, 4, 3},
       {1, 3, 3},
       {1, 2, 2},
       {0, 1, 1},
       false},
      {"{avgpool: 2, ceil: true}", {1, 3, 5}, {1, 2, 3}, {1, 2, 2}, {1, 2, 2}},
      {"{avgpool: [3, 1], stride: [1, 2]}", {33, 4, 3}, {1, 2, 2}, {1, 3, 1}, {1, 1, 2}},
  };
  check_cases(cases);
}

TEST_CASE("avgpool over volumes matches the reference") {
  const Extents one = Extents::all(1), two = Extents::all(2), three = Extents::all(3);
  check_cases({
      {"{avgpool: 2}", {6, 3, 4, 5}, {1, 2, 2}, two, two},
      {"{avgpool: 3, stride: 1, pad: 1}", {2, 1, 3, 4}, {1, 3, 4}, three, one, one},
      {"{avgpool: 3, stride: 1, pad: 1, count_pad: false}",
       {17, 2, 3, 4},
       {2, 3, 4},
       three,
       one,
       one,
       false},
      {"{avgpool: 3, stride: 2, pad: 1, ceil: true}", {1, 4, 6, 4}, {3, 4, 3}, three, two, one},
      {"{avgpool: 3, stride: 2, pad: 1, ceil: true, count_pad: false}",
       {3, 4, 6, 4},
       {3, 4, 3},
       three,
       two,
       one,
       false},
      {"{avgpool: 2, ceil: true}", {1, 3, 3, 5}, {2, 2, 3}, two, two},
      {"{avgpool: [1, 3, 1], stride: [1, 1, 2]}", {33, 2, 4, 3}, {2, 2, 2}, {1, 3, 1}, {1, 1, 2}},
      {"{avgpool: 2, stride: [1, 2, 1]}", {17, 4, 9, 10}, {3, 4, 9}, two, {1, 2, 1}},
      {"{avgpool: [3, 1, 1], stride: [2, 1, 1], pad: [1, 0, 0]}",
       {2, 4, 2, 3},
       {2, 2, 3},
       {3, 1, 1},
       {2, 1, 1},
       {1, 0, 0}},
  });
}

TEST_CASE("avgpool's windows count as in PyTorch") {
  // 3x3, stride 2, pad 1, ceil, on 4x4 ones: a window that hangs over the padding counts what lies
  // inside it, 2 rows of 3.
  const LayerHarness pool("{avgpool: 3, stride: 2, pad: 1, ceil: true}", {{1, 4, 4}});
  const RunResult result = pool.run({}, 1, 1, {Numbers(16, 1.0)}, {}, Numbers(9, 1.0));
  CHECK(result.out[0] == Approx(4.0 / 9));
  CHECK(result.out[4] == Approx(1.0));
  CHECK(result.out[8] == Approx(1.0 / 4));
}

TEST_CASE("avgpool needs a kernel") {
  CHECK(setup_error("avgpool", {{1, 4, 4}}).find("kernel") != std::string::npos);
}

}  // namespace cnn

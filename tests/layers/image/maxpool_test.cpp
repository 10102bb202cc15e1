#include <cmath>

#include "reference/pool.h"
#include "support/catch.h"
#include "support/check_layer.h"

namespace cnn {
namespace {

struct Case {
  std::string item;
  Shape input;
  Extents out, kernel, stride, pad = Extents::all(0);
};

PoolShape shape_of(const Case& c) {
  return {c.input.channels(), c.input.extents(), c.out, c.kernel, c.stride, c.pad};
}

void check_cases(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.item << " on " << c.input.str()) {
      CHECK(LayerHarness(c.item, {c.input}).plan().output().extents() == c.out);
      check_layer({c.item, {c.input}, [&](const ReferenceCall& call) {
                     return reference::max_pool(shape_of(c), call.batch, call.inputs[0]);
                   }});
    }
  }
}

}  // namespace

TEST_CASE("maxpool matches the reference") {
  const std::vector<Case> cases = {
      {"{maxpool: 1}", {3, 2, 3}, {1, 2, 3}, {1, 1, 1}, {1, 1, 1}},
      {"{maxpool: 2}", {6, 4, 6}, {1, 2, 3}, {1, 2, 2}, {1, 2, 2}},
      {"{maxpool: 2}", {1, 5, 7}, {1, 2, 3}, {1, 2, 2}, {1, 2, 2}},
      {"{maxpool: 2, ceil: true}", {17, 3, 5}, {1, 2, 3}, {1, 2, 2}, {1, 2, 2}},
      {"{maxpool: 3, stride: 2, pad: 1}", {9, 5, 6}, {1, 3, 3}, {1, 3, 3}, {1, 2, 2}, {0, 1, 1}},
      {"{maxpool: 3, stride: 2, pad: 1, ceil: true}",
       {2, 5, 6},
       {1, 3, 4},
       {1, 3, 3},
       {1, 2, 2},
       {0, 1, 1}},
      {"{maxpool: 3, stride: 1, pad: 1}", {33, 3, 2}, {1, 3, 2}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}},
      {"{maxpool: [1, 3], stride: [1, 2], pad: [0, 1]}",
       {2, 3, 6},
       {1, 3, 3},
       {1, 1, 3},
       {1, 1, 2},
       {0, 0, 1}},
      {"{maxpool: 2, stride: 3, ceil: true}", {3, 6, 7}, {1, 2, 3}, {1, 2, 2}, {1, 3, 3}},
      {"{maxpool: 17}", {2, 17, 18}, {1, 1, 1}, {1, 17, 17}, {1, 17, 17}},
  };
  check_cases(cases);
}

TEST_CASE("maxpool over volumes matches the reference") {
  const Extents one = Extents::all(1), two = Extents::all(2), three = Extents::all(3);
  check_cases({
      {"{maxpool: 1}", {3, 2, 3, 1}, {2, 3, 1}, one, one},
      {"{maxpool: 2}", {6, 2, 4, 6}, {1, 2, 3}, two, two},
      {"{maxpool: 2}", {1, 3, 5, 7}, {1, 2, 3}, two, two},
      {"{maxpool: 2, ceil: true}", {17, 3, 3, 5}, {2, 2, 3}, two, two},
      {"{maxpool: 3, stride: 2, pad: 1}", {9, 4, 5, 6}, {2, 3, 3}, three, two, one},
      {"{maxpool: 3, stride: 2, pad: 1, ceil: true}", {2, 6, 5, 6}, {4, 3, 4}, three, two, one},
      {"{maxpool: 3, stride: 1, pad: 1}", {33, 1, 3, 2}, {1, 3, 2}, three, one, one},
      {"{maxpool: [1, 2, 2]}", {5, 3, 4, 5}, {3, 2, 2}, {1, 2, 2}, {1, 2, 2}},
      {"{maxpool: [1, 2, 2], stride: 2}", {5, 3, 4, 5}, {2, 2, 2}, {1, 2, 2}, two},
      {"{maxpool: 2, stride: [1, 2, 1]}", {17, 4, 9, 10}, {3, 4, 9}, two, {1, 2, 1}},
      {"{maxpool: [3, 1, 1], stride: [2, 1, 1], pad: [1, 0, 0]}",
       {2, 4, 2, 3},
       {2, 2, 3},
       {3, 1, 1},
       {2, 1, 1},
       {1, 0, 0}},
      {"{maxpool: 7}", {2, 7, 8, 7}, one, Extents::all(7), Extents::all(7)},  // 343 places
  });
}

TEST_CASE("maxpool of volumes keeps NaN and gives the gradient to the first of equal values") {
  const LayerHarness pool("{maxpool: 2}", {{1, 2, 2, 4}});
  const RunResult result =
      pool.run({}, 1, 1, {{4, 5, 1, 2, 3, 4, 2, 3, 5, 5, 1, NAN, 5, 5, 2, 3}}, {}, {1, 10});
  CHECK(result.out[0] == 5);
  CHECK(std::isnan(result.out[1]));
  Numbers expected(16, 0);
  expected[1] = 1;
  expected[11] = 10;
  for (size_t i = 0; i < 16; ++i) CHECK(result.grad_in[0][i] == static_cast<float>(expected[i]));
}

TEST_CASE("maxpool keeps NaN and gives the gradient to the first of equal values") {
  const LayerHarness pool("{maxpool: 2}", {{1, 2, 4}});
  const RunResult result = pool.run({}, 1, 1, {{5, 5, 1, NAN, 5, 5, 2, 3}}, {}, {1, 10});
  CHECK(result.out[0] == 5);
  CHECK(std::isnan(result.out[1]));
  CHECK(result.grad_in[0] == std::vector<float>{1, 0, 0, 10, 0, 0, 0, 0});
}

TEST_CASE("maxpool of minus infinity is minus infinity") {
  const LayerHarness pool("{maxpool: 2, pad: 1}", {{1, 2, 2}});
  const RunResult result = pool.run({}, 1, 1, {Numbers(4, -INFINITY)}, {}, {1, 2, 3, 4});
  CHECK(result.out == std::vector<float>(4, -INFINITY));
  CHECK(result.grad_in[0] == std::vector<float>{1, 2, 3, 4});
}

TEST_CASE("maxpool's last window starts inside the image or the padding before it") {
  // As in PyTorch: 4 rows would need a third window that starts at row 4.
  CHECK(LayerHarness("{maxpool: 2, stride: 3, ceil: true}", {{1, 4, 3}}).plan().output() ==
        Shape{1, 2, 1});
  CHECK(LayerHarness("{maxpool: 3, stride: 2, ceil: true}", {{1, 6, 7}}).plan().output() ==
        Shape{1, 3, 3});
}

TEST_CASE("maxpool's impossible sizes are explained") {
  CHECK(setup_error("{maxpool: 5}", {{1, 4, 9}})
            .find("kernel 5 is larger than the input of 4 rows") != std::string::npos);
  CHECK(setup_error("{maxpool: 2, pad: 2}", {{1, 4, 4}})
            .find("pad [2, 2] must be smaller than the kernel [2, 2]") != std::string::npos);
  CHECK(setup_error("{maxpool: 2, stride: 0}", {{1, 4, 4}}).find("'stride' must be") !=
        std::string::npos);
  CHECK(setup_error("{maxpool: [2, 2]}", {{1, 4, 4, 4}})
            .find("kernel: [C,D,H,W] takes one number or [d, h, w], found 2 numbers") !=
        std::string::npos);
  CHECK(setup_error("{maxpool: [2, 2, 2]}", {{1, 4, 4}})
            .find("kernel: [C,H,W] takes one number or [h, w], found 3 numbers") !=
        std::string::npos);
  CHECK(setup_error("{maxpool: [1, 2, 2], pad: 1}", {{1, 4, 4, 4}})
            .find("pad [1, 1, 1] must be smaller than the kernel [1, 2, 2]") != std::string::npos);
  CHECK(setup_error("{maxpool: 5}", {{1, 4, 9, 9}})
            .find("kernel 5 is larger than the input of 4 slices") != std::string::npos);
  CHECK(setup_error("{maxpool: 2}", {{4}})
            .find("maxpool expects an image [C,H,W] or a volume [C,D,H,W], found [4]") !=
        std::string::npos);
}

}  // namespace cnn

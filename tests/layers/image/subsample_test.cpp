#include "reference/pool.h"
#include "support/catch.h"
#include "support/check_layer.h"

namespace cnn {
namespace {

// `shape` without the input's sizes.
auto subsample(AveragePoolShape s, bool sum) {
  return [s, sum](const ReferenceCall& call) {
    Numbers y = reference::average_pool(s, call.batch, call.inputs[0]);
    const auto pixels = static_cast<size_t>(s.out.count());
    const double taps = sum ? static_cast<double>(s.kernel.count()) : 1;
    for (size_t i = 0; i < y.size(); ++i) {
      const size_t c = i / pixels % static_cast<size_t>(s.channels);
      y[i] = call.parameters[0][c] * taps * y[i] + call.parameters[1][c];
    }
    return y;
  };
}

AveragePoolShape window(const Shape& in, const Extents& out, const Extents& kernel,
                        const Extents& stride) {
  AveragePoolShape s;
  s.channels = in.channels();
  s.in = in.extents();
  s.out = out;
  s.kernel = kernel;
  s.stride = stride;
  return s;
}

}  // namespace

TEST_CASE("subsample matches the reference, for sums and means") {
  const Shape odd{3, 5, 7}, even{6, 8, 8}, wide{19, 6, 5}, volume{3, 4, 6, 5};
  for (const bool sum : {true, false}) {
    const std::string pooling = sum ? "" : ", pooling: mean";
    check_layer({"{subsample: 2" + pooling + "}",
                 {even},
                 subsample(window(even, {1, 4, 4}, {1, 2, 2}, {1, 2, 2}), sum)});
    check_layer({"{subsample: 2" + pooling + "}",
                 {odd},
                 subsample(window(odd, {1, 2, 3}, {1, 2, 2}, {1, 2, 2}), sum)});
    check_layer({"{subsample: [3, 2], stride: [1, 2]" + pooling + "}",
                 {wide},
                 subsample(window(wide, {1, 4, 2}, {1, 3, 2}, {1, 1, 2}), sum)});
    check_layer({"{subsample: [2, 3, 2], stride: [2, 1, 2]" + pooling + "}",
                 {volume},
                 subsample(window(volume, {2, 4, 2}, {2, 3, 2}, {2, 1, 2}), sum)});
  }
}

TEST_CASE("subsample has two parameters a channel and begins as the mean") {
  for (const char* item : {"{subsample: 2}", "{subsample: 2, pooling: mean}"}) {
    const LayerPlan plan = LayerHarness(item, {{6, 28, 28}}).plan();
    CHECK(plan.output() == Shape{6, 14, 14});
    REQUIRE(plan.parameters.size() == 2);
    CHECK(plan.parameters[0].shape == Shape{6});
    CHECK(plan.parameters[1].shape == Shape{6});
    CHECK(plan.parameters[0].init.value == (std::string(item) == "{subsample: 2}" ? 0.25 : 1));
    CHECK(plan.window.stride == Extents{1, 2, 2});
  }
}

TEST_CASE("subsample's impossible sizes are explained") {
  CHECK(setup_error("{subsample: 5}", {{1, 3, 9}}).find("larger than the input") !=
        std::string::npos);
  CHECK(setup_error("{subsample: 2}", {{4}}).find("expects an image") != std::string::npos);
}

}  // namespace cnn

#include <cmath>

#include "layers/image/maxpool_cases.h"
#include "reference/pool.h"
#include "support/catch.h"
#include "support/check_layer.h"

namespace cnn {
namespace {

void check_cases(const std::vector<MaxPoolCase>& cases) {
  for (const MaxPoolCase& c : cases) {
    DYNAMIC_SECTION(c.item << " on " << c.input.str()) {
      CHECK(LayerHarness(c.item, {c.input}).plan().output().extents() == c.out);
      check_layer({c.item, {c.input}, [&](const ReferenceCall& call) {
                     return reference::max_pool(c.shape(), call.batch, call.inputs[0]);
                   }});
    }
  }
}

}  // namespace

TEST_CASE("maxpool matches the reference") { check_cases(picture_pools()); }

TEST_CASE("maxpool over volumes matches the reference") { check_cases(volume_pools()); }

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

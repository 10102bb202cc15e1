#include <algorithm>
#include <cmath>

#include "reference/index.h"
#include "support/catch.h"
#include "support/check_layer.h"

namespace cnn {
namespace {

auto maxout(int64_t k, Shape out_shape) {
  return [k, out_shape](const ReferenceCall& call) {
    Numbers out(static_cast<size_t>(call.batch * out_shape.count()));
    for (int64_t n = 0; n < call.batch; ++n) {
      for (int64_t p = 0; p < out_shape.positions(); ++p) {
        for (int64_t c = 0; c < out_shape.channels(); ++c) {
          double most = -INFINITY;
          for (int64_t j = 0; j < k; ++j) {
            most = std::max(most,
                            call.inputs[0][reference::file_index(call.shapes[0], n, c * k + j, p)]);
          }
          out[reference::file_index(out_shape, n, c, p)] = most;
        }
      }
    }
    return out;
  };
}

}  // namespace

TEST_CASE("maxout matches the reference") {
  check_layer({"maxout", {{6}}, maxout(2, {3})});
  check_layer({"{maxout: 3}", {{9, 5, 7}}, maxout(3, {3, 5, 7})});
  check_layer({"{maxout: 5}", {{4, 10}}, maxout(5, {4, 2})});
  check_layer({"{maxout: 4}", {{4, 2, 3, 2}}, maxout(4, {1, 2, 3, 2})});
  check_layer({"{maxout: 1}", {{5}}, maxout(1, {5})});
  check_layer({"{maxout: 2}", {{34, 19, 21}}, maxout(2, {17, 19, 21})});
}

TEST_CASE("of equal values the first wins, NaN gives NaN") {
  const LayerHarness layer("{maxout: 3}", {{6}});
  const RunResult result = layer.run({}, 1, 1, {{2, 2, 1, 1, NAN, 2}}, {}, {1, 1});
  CHECK(result.out[0] == 2);
  CHECK(std::isnan(result.out[1]));
  CHECK(std::vector<float>(result.grad_in[0].begin(), result.grad_in[0].begin() + 3) ==
        std::vector<float>{1, 0, 0});
}

TEST_CASE("maxout's k must divide the channels") {
  CHECK(setup_error("{maxout: 3}", {{4, 2, 2}}).find("3 does not divide the 4 channels") !=
        std::string::npos);
  CHECK(setup_error("{maxout: 0}", {{4}}) != "");
}

}  // namespace cnn

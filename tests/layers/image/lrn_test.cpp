#include <algorithm>
#include <cmath>

#include "reference/index.h"
#include "support/catch.h"
#include "support/check_layer.h"

namespace cnn {
namespace {

struct LrnReference {
  int64_t n = 5;
  double factor = 1e-4 / 5, beta = 0.75, k = 1;

  Numbers operator()(const ReferenceCall& call) const {
    const Shape& shape = call.shapes[0];
    const Numbers& x = call.inputs[0];
    Numbers out(x.size());
    for (int64_t sample = 0; sample < call.batch; ++sample) {
      for (int64_t p = 0; p < shape.positions(); ++p) {
        for (int64_t c = 0; c < shape.channels(); ++c) {
          double sum = 0;
          for (int64_t j = std::max<int64_t>(0, c - n / 2);
               j <= std::min(shape.channels() - 1, c + (n - 1) / 2); ++j) {
            const double value = x[reference::file_index(shape, sample, j, p)];
            sum += value * value;
          }
          const size_t i = reference::file_index(shape, sample, c, p);
          out[i] = x[i] / std::pow(k + factor * sum, beta);
        }
      }
    }
    return out;
  }
};

}  // namespace

TEST_CASE("lrn matches the reference") {
  for (const Shape& shape : shapes_of_every_rank()) {
    check_layer({"lrn", {shape}, LrnReference{}});
    if (shape.count() < 1000) {
      check_layer({"{lrn: 3, alpha: 2}", {shape}, LrnReference{3, 2.0 / 3}});
    }
  }
  const Shape image{11, 3, 4};
  check_layer({"{lrn: 5, alpha: 0.5, beta: 0.75, k: 2, average: false}",
               {image},
               LrnReference{5, 0.5, 0.75, 2}});
  check_layer({"{lrn: 4, alpha: 1, beta: 2}", {image}, LrnReference{4, 0.25, 2}});
  check_layer({"{lrn: 1, alpha: 1}", {image}, LrnReference{1, 1}});
  check_layer({"{lrn: 31, alpha: 1}", {image}, LrnReference{31, 1.0 / 31}});  // wider than C
}

TEST_CASE("a NaN channel makes its neighbours NaN, and no others") {
  const LayerHarness layer("{lrn: 3}", {{6}});
  const RunResult result = layer.run({}, 1, 1, {{1, 1, NAN, 1, 1, 1}}, {}, {1, 1, 1, 1, 1, 1});
  for (size_t c = 0; c < 6; ++c) CHECK(std::isnan(result.out[c]) == (c >= 1 && c <= 3));
}

TEST_CASE("lrn refuses a window of 0 and a sum that may be 0") {
  CHECK(setup_error("{lrn: 0}", {{3}}) != "");
  CHECK(setup_error("{lrn: 5, k: 0}", {{3}}).find("k must be above 0") != std::string::npos);
}

}  // namespace cnn

#include <cmath>

#include "reference/index.h"
#include "support/catch.h"
#include "support/check_layer.h"

namespace cnn {
namespace {

auto naive(double eps, bool affine, bool bias = true) {
  return [eps, affine, bias](const ReferenceCall& call) {
    const Shape& in = call.shapes[0];
    const int64_t channels = in.channels();
    Numbers out(call.inputs[0].size());
    for (int64_t n = 0; n < call.batch; ++n) {
      for (int64_t p = 0; p < in.positions(); ++p) {
        const auto x = [&](int64_t c) {
          return call.inputs[0][reference::file_index(in, n, c, p)];
        };
        double mean = 0, variance = 0;
        for (int64_t c = 0; c < channels; ++c) mean += x(c) / static_cast<double>(channels);
        for (int64_t c = 0; c < channels; ++c) {
          variance += (x(c) - mean) * (x(c) - mean) / static_cast<double>(channels);
        }
        for (int64_t c = 0; c < channels; ++c) {
          const auto i = static_cast<size_t>(c);
          const double z = (x(c) - mean) / std::sqrt(variance + eps);
          out[reference::file_index(in, n, c, p)] =
              affine ? call.parameters[0][i] * z + (bias ? call.parameters[1][i] : 0) : z;
        }
      }
    }
    return out;
  };
}

}  // namespace

TEST_CASE("layer_norm brings the channels of every position to mean 0 and variance 1") {
  for (const Shape& shape : {Shape{4}, Shape{7}, Shape{19}, Shape{3, 5}, Shape{5, 3, 4},
                             Shape{64, 9, 11}, Shape{3, 2, 4, 5}}) {
    LayerCase plain{"layer_norm", {shape}, naive(1e-5, true)};
    plain.tolerance = 1e-5;
    plain.gradient_tolerance = 5e-5;
    check_layer(plain);
    LayerCase other{"{layer_norm, eps: 0.01, affine: false}", {shape}, naive(0.01, false)};
    other.tolerance = 1e-5;
    other.gradient_tolerance = 5e-5;
    check_layer(other);
    LayerCase unmoved{"{layer_norm, bias: false}", {shape}, naive(1e-5, true, false)};
    unmoved.tolerance = 1e-5;
    unmoved.gradient_tolerance = 5e-5;
    check_layer(unmoved);
  }
}

TEST_CASE("layer_norm of one channel is its bias") {
  check_layer({"layer_norm", {{1, 3, 3}}, naive(1e-5, true)});
}

}  // namespace cnn

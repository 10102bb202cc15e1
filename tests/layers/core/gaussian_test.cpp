#include <cmath>

#include "support/catch.h"
#include "support/check_layer.h"
#include "support/text.h"
#include "tensor/tensor.h"

namespace cnn {
namespace {

// The normal numbers of a batch in the order of files.
Numbers normals(const ReferenceCall& call) {
  const Shape& shape = call.shapes[0];
  const auto count = static_cast<size_t>(shape.count());
  Numbers all;
  for (int64_t n = 0; n < call.batch; ++n) {
    std::vector<float> memory(count), file(count);
    for (size_t i = 0; i < count; ++i) memory[i] = call.rng(n).normal(i);
    to_channels_first(memory.data(), file.data(), 1, shape);
    all.insert(all.end(), file.begin(), file.end());
  }
  return all;
}

Numbers sampled(const ReferenceCall& call) {
  Numbers out = call.inputs[0];
  const Numbers eps = normals(call);
  for (size_t i = 0; i < out.size(); ++i) out[i] += std::exp(call.inputs[1][i] / 2) * eps[i];
  return out;
}

Numbers gaussian(const ReferenceCall& call) {
  return call.phase == Phase::kTest ? call.inputs[0] : sampled(call);
}

}  // namespace

TEST_CASE("gaussian matches the reference: a sample in training and where losses are tested") {
  for (const Shape& shape : std::vector<Shape>{{1}, {20}, {3, 5}, {3, 5, 7}, {400}}) {
    check_layer({"{gaussian: [mu, logvar]}", {shape, shape}, sampled});
  }
}

TEST_CASE("gaussian gives the mean in testing where it is told to, and in predictions always") {
  check_layer({"{gaussian: [mu, logvar], testing: false}", {{3, 5}, {3, 5}}, gaussian});
  const LayerHarness layer("{gaussian: [mu, logvar]}", {{3}, {3}}, Phase::kTest);
  RunSettings settings;
  settings.pass = Pass::predicting();
  CHECK(layer.run(settings, 1, 1, {{1, 2, 3}, {0, 1, 2}}, {}, {1, 1, 1}).out ==
        std::vector<float>{1, 2, 3});
}

TEST_CASE("gaussian's samples have the mean and the variance that they are asked for") {
  const LayerHarness layer("{gaussian: [mu, logvar]}", {{20000}, {20000}});
  const RunResult result =
      layer.run({}, 1, 1, {Numbers(20000, 3), Numbers(20000, std::log(4))}, {}, Numbers(20000, 1));
  double sum = 0, squares = 0;
  for (const float y : result.out) sum += y;
  const double mean = sum / 20000;
  for (const float y : result.out) squares += (y - mean) * (y - mean);
  CHECK(std::abs(mean - 3) < 0.05);
  CHECK(std::abs(squares / 20000 - 4) < 0.15);
}

TEST_CASE("gaussian needs two inputs of one shape") {
  CHECK(contains(setup_error("{gaussian: [a, b]}", {{3}, {4}}),
                 "[3] and logarithm of the variance [4]"));
}

}  // namespace cnn

#include <algorithm>
#include <cmath>

#include "support/catch.h"
#include "support/check_layer.h"
#include "tensor/tensor.h"

namespace cnn {
namespace {

// Sample by sample: which values stay, in the order of files.
std::vector<bool> stays(const ReferenceCall& call, double p) {
  const Shape& shape = call.shapes[0];
  const auto count = static_cast<size_t>(shape.count());
  std::vector<bool> all;
  for (int64_t n = 0; n < call.batch; ++n) {
    std::vector<float> memory(count), file(count);
    for (size_t i = 0; i < count; ++i) {
      memory[i] = static_cast<double>(call.rng(n).bits(i)) >= std::ldexp(p, 32);
    }
    to_channels_first(memory.data(), file.data(), 1, shape);
    all.insert(all.end(), file.begin(), file.end());
  }
  return all;
}

auto dropout(double p) {
  return [p](const ReferenceCall& call) {
    Numbers out = call.inputs[0];
    if (call.phase == Phase::kTest) return out;
    const std::vector<bool> mask = stays(call, p);
    for (size_t i = 0; i < out.size(); ++i) out[i] = mask[i] ? out[i] / (1 - p) : 0;
    return out;
  };
}

}  // namespace

TEST_CASE("dropout matches the reference, and does nothing in testing") {
  for (const Shape& shape : shapes_of_every_rank()) {
    check_layer({"dropout", {shape}, dropout(0.5)});
  }
  check_layer({"{dropout: 0.1}", {{3, 5, 7}}, dropout(0.1)});
  check_layer({"{dropout: 0}", {{3, 5, 7}}, dropout(0)});
  check_layer({"dropout", {{4099}}, dropout(0.5)});  // more than one piece
}

TEST_CASE("dropout of everything gives zeros") {
  const LayerHarness layer("{dropout: 1}", {{4}});
  const RunResult result = layer.run({}, 1, 1, {{1, 2, 3, 4}}, {}, {1, 1, 1, 1});
  CHECK(result.out == std::vector<float>(4, 0.0f));
  CHECK(result.grad_in[0] == std::vector<float>(4, 0.0f));
}

TEST_CASE("dropout drops the share it is asked for, another one in every sample") {
  const LayerHarness layer("{dropout: 0.3}", {{10000}});
  const Numbers ones(20000, 1);
  const RunResult result = layer.run({}, 2, 2, {ones}, {}, ones);
  const auto zeros = std::count(result.out.begin(), result.out.end(), 0.0f);
  CHECK(std::abs(static_cast<double>(zeros) / 20000 - 0.3) < 0.01);
  CHECK_FALSE(
      std::equal(result.out.begin(), result.out.begin() + 10000, result.out.begin() + 10000));
}

TEST_CASE("a probability outside 0 to 1 is refused") {
  CHECK(setup_error("{dropout: 1.5}", {{4}}) != "");
  CHECK(setup_error("{dropout: -0.5}", {{4}}) != "");
}

}  // namespace cnn

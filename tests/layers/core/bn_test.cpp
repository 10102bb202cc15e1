#include <algorithm>
#include <cmath>
#include <memory>

#include "layers/catalog.h"
#include "reference/batch_norm.h"
#include "support/catch.h"

namespace cnn {
namespace {

LayerCase bn_case(const std::string& item, const Shape& shape, const reference::BatchNorm& bn) {
  LayerCase layer_case;
  layer_case.item = item;
  layer_case.inputs = {shape};
  layer_case.reference = [bn](const ReferenceCall& call) { return bn.forward(call); };
  layer_case.statistics = [bn](const ReferenceCall& call) { return bn.statistics(call); };
  return layer_case;
}

// bn that has absorbed what stands behind it, as in a graph.
template <bool kAdds, int kRectifier>
std::unique_ptr<Layer> make_joined() {
  std::unique_ptr<Layer> bn = find_layer_type("bn")->make();
  constexpr Rectifier kRectifiers[] = {{}, Rectifier::relu(), Rectifier::relu(0.5f), {0.25f}};
  Follower follower;
  follower.tail = {Tail::Kind::kAdd};
  follower.other_input = 1;
  if (kAdds) REQUIRE(bn->absorb(follower));
  follower.tail = {Tail::Kind::kRectify, kRectifiers[kRectifier]};
  if (kRectifier > 0) REQUIRE(bn->absorb(follower));
  return bn;
}

template <bool kAdds, int kRectifier>
void check_joined(const Shape& shape) {
  LayerType type = *find_layer_type("bn");
  type.make.make = make_joined<kAdds, kRectifier>;
  LayerCase layer_case = bn_case("{bn, eps: 0.1}", shape, {0.1, 0.1, true});
  if (kAdds) layer_case.inputs.push_back(shape);
  layer_case.reference = [](const ReferenceCall& call) {
    Numbers out = reference::BatchNorm{0.1, 0.1, true}.forward(call);
    for (size_t i = 0; i < out.size(); ++i) {
      if (kAdds) out[i] += call.inputs[1][i];
      if (kRectifier == 1 || kRectifier == 2) out[i] = std::max(out[i], 0.0);
      if (kRectifier == 2) out[i] = std::min(out[i], 0.5);
      if (kRectifier == 3 && out[i] < 0) out[i] *= 0.25;
    }
    return out;
  };
  for (const std::string& problem : layer_problems(layer_case, type)) FAIL_CHECK(problem);
}

}  // namespace

TEST_CASE("bn with what it absorbs matches the reference") {
  for (const Shape& shape : {Shape{3, 5, 7}, Shape{16, 3, 3}, Shape{21}}) {
    check_joined<true, 0>(shape);
    check_joined<true, 1>(shape);
    check_joined<true, 2>(shape);
    check_joined<true, 3>(shape);
    check_joined<false, 1>(shape);
    check_joined<false, 2>(shape);
    check_joined<false, 3>(shape);
  }
}

TEST_CASE("bn absorbs an addition, then a rectifier, and nothing behind that") {
  const std::unique_ptr<Layer> bn = find_layer_type("bn")->make();
  Follower add, relu, scale;
  add.tail = {Tail::Kind::kAdd};
  add.other_input = 1;
  relu.tail = {Tail::Kind::kRectify, Rectifier::relu()};
  scale.tail = {Tail::Kind::kScale};
  CHECK_FALSE(bn->absorb(scale));
  CHECK(bn->absorb(add));
  CHECK_FALSE(bn->absorb(add));
  CHECK_FALSE(bn->absorb(scale));
  CHECK(bn->absorb(relu));
  CHECK_FALSE(bn->absorb(relu));
  CHECK_FALSE(bn->absorb(add));
}

TEST_CASE("in testing bn is a scale and an offset by channel") {
  const std::vector<std::vector<float>> values = {{2, -3}, {0.5, 1}, {4, -1}, {0.25, 16}};
  std::vector<float*> parameters;
  for (const std::vector<float>& v : values) parameters.push_back(const_cast<float*>(v.data()));
  for (const Phase phase : {Phase::kTrain, Phase::kTest}) {
    const std::unique_ptr<Layer> bn = find_layer_type("bn")->make();
    const Form form(Shape{2, 3, 3});
    set_up(*bn, {&form, 1}, phase);
    if (phase == Phase::kTrain) {
      CHECK(bn->tail().kind == Tail::Kind::kNone);
      continue;
    }
    CHECK(bn->tail().kind == Tail::Kind::kScale);
    float scale[2], offset[2];
    bn->scale(parameters, scale, offset);
    for (size_t c = 0; c < 2; ++c) {
      const double factor = values[0][c] / std::sqrt(values[3][c] + 1e-5);
      CHECK(scale[c] == Approx(factor));
      CHECK(offset[c] == Approx(values[1][c] - values[2][c] * factor));
    }
  }
}

TEST_CASE("bn matches the reference in training and testing") {
  for (const Shape& shape : {Shape{3, 5}, Shape{3, 5, 7}, Shape{1, 4, 3}, Shape{2, 3, 4, 5},
                             Shape{70, 3, 2}, Shape{5, 33, 35}}) {
    check_layer(bn_case("bn", shape, {}));
  }
  check_layer(bn_case("{bn, eps: 0.1, momentum: 0.7}", {3, 5, 7}, {0.1, 0.7, true}));
  check_layer(bn_case("{bn, affine: false}", {3, 5, 7}, {1e-5, 0.1, false}));
}

TEST_CASE("bn of vectors matches the reference") {
  // With few rows the slope of 1 / sqrt(var) is steep where two values are close; a large eps keeps
  // finite differences meaningful.
  check_layer(bn_case("{bn, eps: 0.5}", {7}, {0.5, 0.1, true}));
  check_layer(bn_case("{bn, eps: 0.5}", {17, 1, 1}, {0.5, 0.1, true}));
}

TEST_CASE("bn of a single row is finite") {
  const LayerHarness layer("bn", {{2}});
  const RunResult result =
      layer.run({}, 1, 1, {{5, -7}}, {{2, 2}, {0.5, 0.25}, {0, 0}, {1, 1}}, {1, 1});
  CHECK(result.out == std::vector<float>{0.5, 0.25});
  CHECK(result.grad_in[0] == std::vector<float>{0, 0});
  CHECK(result.parameters[3][0] == Approx(0.9));
}

TEST_CASE("bn of a constant channel is finite") {
  const LayerHarness layer("bn", {{1, 8, 8}});
  const RunResult result =
      layer.run({}, 2, 2, {Numbers(128, 1234.5)}, {{3}, {0.5}, {0}, {1}}, Numbers(128, 1));
  for (const float y : result.out) CHECK(y == 0.5f);
  for (const float g : result.grad_in[0]) CHECK(g == 0);
}

TEST_CASE("bn keeps its precision where the mean is far larger than the deviation") {
  Numbers in;
  for (int i = 0; i < 4096; ++i) in.push_back(10000 + (i % 2 == 0 ? 0.5 : -0.5));
  const LayerHarness layer("bn", {{1, 64, 64}});
  const RunResult result = layer.run({}, 1, 1, {in}, {{1}, {0}, {0}, {1}}, Numbers(4096, 1));
  CHECK(result.out[0] == Approx(1).epsilon(1e-4));
  CHECK(result.out[1] == Approx(-1).epsilon(1e-4));
}

TEST_CASE("bn's parameters have torchvision's names and first values") {
  const LayerPlan plan = LayerHarness("bn", {{6, 4, 4}}).plan();
  REQUIRE(plan.parameters.size() == 4);
  const char* names[] = {"weight", "bias", "running_mean", "running_var"};
  const double values[] = {1, 0, 0, 1};
  for (size_t i = 0; i < 4; ++i) {
    CHECK(plan.parameters[i].name == names[i]);
    CHECK(plan.parameters[i].shape == Shape{6});
    CHECK(plan.parameters[i].init.value == values[i]);
    CHECK(plan.parameters[i].learned == (i < 2));
  }
}

}  // namespace cnn

#include <cmath>
#include <optional>

#include "reference/index.h"
#include "reference/softmax.h"
#include "reference/value_loss.h"
#include "support/catch.h"

namespace cnn {
namespace {

struct DiceReference {
  double smooth = 1;
  bool square = false, background = true, sum = false;
  std::optional<double> ignore = std::nullopt;

  Numbers operator()(const ReferenceCall& call) const {
    const Shape& shape = call.shapes[0];
    const int64_t first = background ? 0 : 1;
    Numbers out;
    for (int64_t n = 0; n < call.batch; ++n) {
      double loss = 0;
      for (int64_t c = first; c < shape.channels(); ++c) loss += 1 - coefficient(call, n, c);
      out.push_back(loss);
      out.push_back(sum ? 1 : static_cast<double>(shape.channels() - first));
    }
    return out;
  }

  double coefficient(const ReferenceCall& call, int64_t n, int64_t c) const {
    const Shape& shape = call.shapes[0];
    const bool single = shape.channels() == 1;
    double both = smooth, all = smooth;
    for (int64_t p = 0; p < shape.positions(); ++p) {
      const auto row = static_cast<size_t>(n * shape.positions() + p);
      const double target = call.inputs[1][row];
      if (ignore && target == *ignore) continue;
      const double weight = call.inputs.size() > 2 ? call.inputs[2][row] : 1;
      const double probability = single ? 1 / (1 + std::exp(-call.inputs[0][row]))
                                        : std::exp(reference::log_softmax(
                                              call.inputs[0], shape, n, p)[static_cast<size_t>(c)]);
      const double truth = target == static_cast<double>(single ? 1 : c) ? 1 : 0;
      both += 2 * weight * probability * truth;
      all += weight * ((square ? probability * probability : probability) + truth);
    }
    return both / all;
  }
};

}  // namespace

TEST_CASE("dice of images, sequences and volumes matches the reference") {
  for (const Shape& shape : {Shape{2, 5, 7}, Shape{1, 4, 5}, Shape{5, 3, 4}, Shape{3, 5}, Shape{4},
                             Shape{2, 3, 4, 5}, Shape{3, 19, 33}}) {
    check_layer({"{dice: x, target: mask}", {shape}, DiceReference{}});
  }
}

TEST_CASE("dice squares, leaves out the background, sums, and has its own smoothing") {
  const Shape shape{3, 4, 5};
  check_layer({"{dice: x, square: true}", {shape}, DiceReference{1, true}});
  check_layer({"{dice: x, background: false}", {shape}, DiceReference{1, false, false}});
  check_layer({"{dice: x, reduction: sum}", {shape}, DiceReference{1, false, true, true}});
  check_layer({"{dice: x, smooth: 0.01, square: true}", {{1, 4, 5}}, DiceReference{0.01, true}});
}

TEST_CASE("dice ignores a class and weighs positions") {
  LayerCase layer_case{
      "{dice: x, ignore: 255, weights: w}", {{3, 4, 5}}, DiceReference{1, false, true, false, 255}};
  layer_case.prepare = [](std::vector<Numbers>& inputs) {
    reference::make_positive(inputs[2]);
    for (size_t i = 0; i < inputs[1].size(); i += 3) inputs[1][i] = 255;
  };
  check_layer(layer_case);
}

TEST_CASE("a sure and right mask has no dice loss, nor has an empty one that is right") {
  const LayerHarness layer("{dice: x}", {{2, 1, 2}});
  const RunResult result = layer.run({}, 1, 1, {{50, 50, -50, -50}, {0, 0}}, {}, {});
  CHECK(result.out[0] == Approx(0).margin(1e-6));
  CHECK(result.out[1] == 2);
  CHECK(setup_error("{dice: x, background: false}", {{1, 4, 4}}).find("one score") !=
        std::string::npos);
}

}  // namespace cnn

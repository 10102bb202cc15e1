#include <cmath>
#include <optional>

#include "reference/softmax.h"
#include "support/catch.h"
#include "support/check_layer.h"

namespace cnn {
namespace {

struct CrossEntropyReference {
  double smoothing = 0;
  std::optional<double> ignore;
  Numbers weights;
  bool sum = false;

  double weight(size_t c) const { return weights.empty() ? 1 : weights[c]; }

  Numbers operator()(const ReferenceCall& call) const {
    const Shape& shape = call.shapes[0];
    const auto classes = static_cast<size_t>(shape.channels());
    Numbers out;
    for (int64_t n = 0; n < call.batch; ++n) {
      double loss = 0, count = 0;
      for (int64_t p = 0; p < shape.positions(); ++p) {
        const Numbers row = reference::log_softmax(call.inputs[0], shape, n, p);
        const double own = call.inputs.size() > 2
                               ? call.inputs[2][static_cast<size_t>(n * shape.positions() + p)]
                               : 1;
        for (const auto& [target, share] : call.targets(n, p)) {
          if (ignore && target == *ignore) continue;
          loss -= share * own * (1 - smoothing) * weight(static_cast<size_t>(target)) *
                  row[static_cast<size_t>(target)];
          for (size_t c = 0; c < classes; ++c) {
            loss -= share * own * smoothing / static_cast<double>(classes) * weight(c) * row[c];
          }
        }
        const double mine = call.targets(n, p).front().number;
        if (!ignore || mine != *ignore) count += own * weight(static_cast<size_t>(mine));
      }
      out.push_back(loss);
      out.push_back(sum ? 1 : count);
    }
    return out;
  }
};

// Every third target becomes `value`.
auto every_third(double value) {
  return [value](std::vector<Numbers>& inputs) {
    for (size_t i = 0; i < inputs[1].size(); i += 3) inputs[1][i] = value;
  };
}

}  // namespace

TEST_CASE("cross_entropy of vectors, sequences, images and volumes matches the reference") {
  for (const Shape& shape : {Shape{2}, Shape{7}, Shape{101}, Shape{3, 5}, Shape{3, 5, 7},
                             Shape{17, 1, 1}, Shape{2, 3, 4, 5}, Shape{5, 33, 35}}) {
    check_layer({"{cross_entropy: x, target: label}", {shape}, CrossEntropyReference{}});
  }
}

TEST_CASE("cross_entropy has smoothing, ignored classes, class weights and sums") {
  const Shape pixels{3, 5, 7};
  check_layer({"{cross_entropy: x, smoothing: 0.1}", {pixels}, CrossEntropyReference{0.1, {}, {}}});
  LayerCase all_alike{"{cross_entropy: x, smoothing: 1}", {{6}}, CrossEntropyReference{1, {}, {}}};
  all_alike.may_ask_in_vain = true;  // only at 1 does the target's class no longer matter
  check_layer(all_alike);
  check_layer({"{cross_entropy: x, class_weights: [0.5, 2, 0.1]}",
               {pixels},
               CrossEntropyReference{0, {}, {0.5, 2, 0.1}}});
  check_layer(
      {"{cross_entropy: x, reduction: sum}", {pixels}, CrossEntropyReference{0, {}, {}, true}});

  LayerCase ignoring{
      "{cross_entropy: x, ignore: 255}", {pixels}, CrossEntropyReference{0, 255, {}}};
  ignoring.prepare = every_third(255);
  check_layer(ignoring);
  ignoring.item = "{cross_entropy: x, ignore: -1, class_weights: [0.5, 2, 0.1], smoothing: 0.2}";
  ignoring.reference = CrossEntropyReference{0.2, -1, {0.5, 2, 0.1}};
  ignoring.prepare = every_third(-1);
  check_layer(ignoring);
}

// What PyTorch 2.13 says in double of
//   F.cross_entropy(x, t, weight=w, ignore_index=0, label_smoothing=0.1)
TEST_CASE("cross_entropy with smoothing and ignored targets is PyTorch's") {
  const std::vector<Numbers> inputs = {
      {1.5, -0.5, 0.25, 2, 0, 3, -1, 0.5, 2.5, 2.5, -2, 0, -1, 0.75, 4, 1, 0.1, 0.2, 0.3, 0.4},
      {3, 0, 1, 2, 0}};
  struct Expected {
    std::string options;
    double loss;
    Numbers gradient;  // of the samples that count: 0, 2 and 3
  };
  const Expected cases[] = {
      {"",
       0.675526370405477,
       {0.10022445, 0.006358365, 0.022768992, -0.129351807, 0.150912935, -0.149087065, -0.006564267,
        0.004738396, -0.006282768, 0.003466854, -0.004002493, 0.006818407}},
      {", class_weights: [9, 0.5, 2, 1.25]",
       0.9206118543761084,
       {0.06538424, 0.013635578, 0.022589853, -0.101609671, 0.037936455, -0.025396878, -0.012245358,
        -0.00029422, -0.056524292, 0.016667984, 0.022507442, 0.017348867}}};
  for (const Expected& expected : cases) {
    INFO(expected.options);
    const LayerHarness layer(
        "{cross_entropy: x, ignore: 0, smoothing: 0.1" + expected.options + "}", {{4}});
    const RunResult result = layer.run({}, 5, 5, inputs, {}, {});
    double numerator = 0, denominator = 0;
    for (size_t n = 0; n < 5; ++n) {
      numerator += static_cast<double>(result.out[2 * n]);
      denominator += static_cast<double>(result.out[2 * n + 1]);
    }
    CHECK(numerator / denominator == Approx(expected.loss).epsilon(1e-6));
    const size_t counted[] = {0, 2, 3};
    for (size_t i = 0; i < 12; ++i) {
      CHECK(static_cast<double>(result.grad_in[0][counted[i / 4] * 4 + i % 4]) ==
            Approx(expected.gradient[i]).margin(1e-7));
    }
    for (const size_t ignored : {1, 4}) {
      for (size_t c = 0; c < 4; ++c) CHECK(result.grad_in[0][ignored * 4 + c] == 0);
    }
  }
}

TEST_CASE("cross_entropy of many classes costs what every one of them is away from the largest") {
  check_layer({"{cross_entropy: x, smoothing: 0.1}", {{2500}}, CrossEntropyReference{0.1, {}, {}}});
}

TEST_CASE("cross_entropy weighs every position") {
  LayerCase weighted{"{cross_entropy: x, weights: border, smoothing: 0.1, ignore: 255}",
                     {{3, 5, 7}},
                     CrossEntropyReference{0.1, 255, {}}};
  weighted.prepare = [](std::vector<Numbers>& inputs) {
    every_third(255)(inputs);
    for (double& w : inputs[2]) w = static_cast<float>(std::abs(w));
  };
  check_layer(weighted);
  weighted.item = "{cross_entropy: x, weights: border, class_weights: [0.5, 2, 0.1], ignore: 255}";
  weighted.reference = CrossEntropyReference{0, 255, {0.5, 2, 0.1}};
  check_layer(weighted);
}

TEST_CASE("cross_entropy of mixed samples costs both targets by their shares") {
  for (const Shape& shape : {Shape{7}, Shape{101}, Shape{3, 5, 7}}) {
    LayerCase mixed{"{cross_entropy: x}", {shape}, CrossEntropyReference{}};
    mixed.is_mixed = true;
    check_layer(mixed);
  }
  LayerCase mixed{"{cross_entropy: x, ignore: -1, class_weights: [0.5, 2, 0.1], smoothing: 0.2}",
                  {{3, 5, 7}},
                  CrossEntropyReference{0.2, -1, {0.5, 2, 0.1}}};
  mixed.prepare = every_third(-1);
  mixed.is_mixed = true;
  check_layer(mixed);
}

TEST_CASE("row 79: scores of +-1e4 give finite losses and gradients") {
  const LayerHarness layer("{cross_entropy: x}", {{3}});
  const RunResult result =
      layer.run({}, 3, 3, {{1e4, -1e4, 0, -1e4, 1e4, 1e4, 1e4, 1e4, 1e4}, {1, 1, 2}}, {}, {});
  CHECK(result.out[0] == 2e4f);
  CHECK(result.out[2] == Approx(std::log(2.0)));
  CHECK(result.out[4] == Approx(std::log(3.0)));
  const float third = 1.0f / 3;
  const float expected[] = {third,     -third,        0, 0, -third / 2, third / 2, third / 3,
                            third / 3, -2 * third / 3};
  for (size_t i = 0; i < 9; ++i) CHECK(result.grad_in[0][i] == Approx(expected[i]).margin(1e-7));
}

TEST_CASE("a batch whose targets are all ignored has no loss and no gradient") {
  const LayerHarness layer("{cross_entropy: x, ignore: 0}", {{3}});
  const RunResult result = layer.run({}, 1, 1, {{1, 2, 3}, {0}}, {}, {});
  CHECK(result.out == std::vector<float>{0, 0});
  CHECK(result.grad_in[0] == std::vector<float>{0, 0, 0});
}

TEST_CASE("a NaN score makes the loss NaN") {
  const LayerHarness layer("{cross_entropy: x}", {{3}});
  CHECK(std::isnan(layer.run({}, 1, 1, {{1, NAN, 3}, {0}}, {}, {}).out[0]));
}

TEST_CASE("cross_entropy says what its target must be") {
  const LayerPlan plan = LayerHarness("{cross_entropy: x, target: mask}", {{4, 5, 6}}).plan();
  CHECK(plan.fields[1].shape == Shape{1, 5, 6});
  CHECK(plan.fields[1].kind == FieldKind::kClass);
  CHECK(plan.fields[1].classes == 4);
  CHECK(plan.output() == Shape{2});
  CHECK_FALSE(plan.ignored_class);
  CHECK(LayerHarness("{cross_entropy: x, ignore: 255}", {{4}}).plan().ignored_class == 255);
}

TEST_CASE("a class number out of range is reported, with the range") {
  const LayerHarness layer("{cross_entropy: x}", {{3}});
  try {
    layer.run({}, 1, 1, {{1, 2, 3}, {3}}, {}, {});
    FAIL("class 3 of 3 was accepted");
  } catch (const Error& error) {
    CHECK(error.code() == Exit::kInput);
    CHECK(error.diagnostics().front().problem.starts_with(
        "cross_entropy: 3 is no class number; the classes are 0 to 2"));
  }
  for (const double wrong : {-1.0, 0.5, static_cast<double>(NAN), 1e30}) {
    CHECK_THROWS_AS(layer.run({}, 1, 1, {{1, 2, 3}, {wrong}}, {}, {}), Error);
  }
}

TEST_CASE("cross_entropy refuses what cannot be meant") {
  CHECK(setup_error("{cross_entropy: x}", {{1, 4, 4}}).find("one class") != std::string::npos);
  CHECK(setup_error("{cross_entropy: x, class_weights: [1, 2]}", {{3}})
            .find("2 class_weights for 3 classes") != std::string::npos);
  CHECK(setup_error("{cross_entropy: x, smoothing: 1.5}", {{3}}) != "");
  CHECK(setup_error("{cross_entropy: x, reduction: median}", {{3}}) != "");
  CHECK(setup_error("{cross_entropy: x, class_weights: [1, -2, 1]}", {{3}}) != "");
}

}  // namespace cnn

#include <algorithm>

#include "reference/resample.h"
#include "support/catch.h"
#include "support/check_layer.h"
#include "support/text.h"

namespace cnn {
namespace {

struct Case {
  std::string item;
  Shape input, output;
};

reference::TapsOf nearest(int64_t in, int64_t out) {
  return [=](int64_t i) { return reference::Taps{{i * in / out, 1.0}}; };
}

// Weights fall linearly with the distance between the centres of pixels.
reference::TapsOf linear(int64_t in, int64_t out, bool align_corners) {
  return [=](int64_t i) {
    double at = (static_cast<double>(i) + 0.5) * static_cast<double>(in) / static_cast<double>(out);
    at -= 0.5;
    if (align_corners) {
      at = out == 1 ? 0 : static_cast<double>(i * (in - 1)) / static_cast<double>(out - 1);
    }
    at = std::clamp(at, 0.0, static_cast<double>(in - 1));
    reference::Taps taps;
    for (int64_t k = 0; k < in; ++k) {
      const double weight = 1 - std::abs(at - static_cast<double>(k));
      if (weight > 0) taps.emplace_back(k, weight);
    }
    return taps;
  };
}

}  // namespace

TEST_CASE("upsample matches the reference") {
  const std::vector<Case> cases = {
      {"{upsample: 1}", {1, 1, 1}, {1, 1, 1}},
      {"{upsample: 2}", {3, 2, 3}, {3, 4, 6}},
      {"{upsample: [1, 3]}", {17, 3, 2}, {17, 3, 6}},
      {"{upsample: 4}", {1, 1, 2}, {1, 4, 8}},
      {"{upsample, size: [5, 7]}", {2, 3, 4}, {2, 5, 7}},
      {"{upsample, size: [2, 3]}", {5, 7, 9}, {5, 2, 3}},  // smaller
      {"{upsample, size: 1}", {3, 4, 5}, {3, 1, 1}},
      {"{upsample: 2}", {5, 17, 9}, {5, 34, 18}},
  };
  for (const Case& c : cases) {
    for (const std::string mode : {"nearest", "bilinear", "bilinear, align_corners: true"}) {
      const std::string item = c.item.substr(0, c.item.size() - 1) + ", mode: " + mode + "}";
      DYNAMIC_SECTION(item << " on " << c.input.str()) {
        const auto axis = [&](int64_t in, int64_t out) {
          return mode == "nearest" ? nearest(in, out) : linear(in, out, mode != "bilinear");
        };
        CHECK(LayerHarness(item, {c.input}).plan().output() == c.output);
        check_layer({item, {c.input}, [&](const ReferenceCall& call) {
                       return reference::resample(c.input, c.output, call.batch, call.inputs[0],
                                                  axis(c.input.height(), c.output.height()),
                                                  axis(c.input.width(), c.output.width()));
                     }});
      }
    }
  }
}

TEST_CASE("upsample takes its size from a named layer") {
  const NamedItem other{"relu", {8, 5, 2}};
  const LayerHarness layer("{upsample, size: skip}", {{2, 3, 3}}, Phase::kTrain, &other);
  CHECK(layer.plan().output() == Shape{2, 5, 2});
}

TEST_CASE("upsample says what an output sees") {
  CHECK(LayerHarness("{upsample: 2}", {{1, 4, 4}}).plan().window.kernel == Extents{1, 2, 2});
  const LayerPlan plan = LayerHarness("{upsample: 2, mode: bilinear}", {{1, 4, 4}}).plan();
  CHECK(plan.window.kernel == Extents{1, 4, 4});
  CHECK(plan.window.stride == Extents{1, 2, 2});
  CHECK(plan.parameters.empty());
}

TEST_CASE("sizes that cannot be made are explained") {
  CHECK(contains(setup_error("upsample", {{1, 4, 3}}), "give a factor"));
  CHECK(contains(setup_error("{upsample: 2, size: 8}", {{1, 4, 3}}), "give a factor"));
  CHECK(contains(setup_error("{upsample: 2, align_corners: true}", {{1, 4, 3}}),
                 "align_corners is for mode: bilinear"));
  CHECK(contains(setup_error("{upsample: 0}", {{1, 4, 3}}), "'scale' must be"));
  CHECK(contains(setup_error("{upsample: 2, mode: cubic}", {{1, 4, 3}}), "cubic"));
  CHECK(contains(setup_error("{upsample: 2}", {{4}}),
                 "upsample expects an image [C,H,W], found [4]"));
}

}  // namespace cnn

#include "reference/resample.h"
#include "support/catch.h"
#include "support/check_layer.h"
#include "support/text.h"

namespace cnn {
namespace {

struct Case {
  std::string item;
  Shape input, output;
  int64_t top, left;
};

}  // namespace

TEST_CASE("crop matches the reference") {
  const std::vector<Case> cases = {
      {"{crop: 1}", {1, 1, 1}, {1, 1, 1}, 0, 0},
      {"{crop: 2}", {3, 5, 4}, {3, 2, 2}, 1, 1},
      {"{crop: [3, 2]}", {17, 4, 5}, {17, 3, 2}, 0, 1},
      {"{crop: [3, 4]}", {5, 3, 4}, {5, 3, 4}, 0, 0},
      {"{crop: [2, 3], offset: [3, 0]}", {2, 5, 6}, {2, 2, 3}, 3, 0},
      {"{crop: 2, offset: 1}", {1, 5, 6}, {1, 2, 2}, 1, 1},
      {"{crop: 14}", {9, 20, 17}, {9, 14, 14}, 3, 1},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.item << " on " << c.input.str()) {
      CHECK(LayerHarness(c.item, {c.input}).plan().output() == c.output);
      check_layer({c.item, {c.input}, [&](const ReferenceCall& call) {
                     return reference::resample(c.input, c.output, call.batch, call.inputs[0],
                                                reference::shifted(c.input.height(), -c.top),
                                                reference::shifted(c.input.width(), -c.left));
                   }});
    }
  }
}

TEST_CASE("crop takes its size from a named layer") {
  const NamedItem other{"relu", {8, 3, 2}};
  const LayerHarness crop("{crop: up}", {{2, 6, 6}}, Phase::kTrain, &other);
  CHECK(crop.plan().output() == Shape{2, 3, 2});
  CHECK(contains(setup_error("{crop: up}", {{2, 2, 6}}, other),
                 "a part of [3, 2] like 'up' is larger than [2,2,6]"));
  CHECK(contains(setup_error("{crop: up}", {{2, 6, 6}}, NamedItem{"relu", {8}}),
                 "'up' is no image [C,H,W]: [8]"));
}

TEST_CASE("crops that do not fit are explained") {
  CHECK(contains(setup_error("{crop: [3, 9]}", {{2, 6, 6}}),
                 "a part of [3, 9] is larger than [2,6,6]"));
  CHECK(contains(setup_error("{crop: 3, offset: [4, 0]}", {{2, 6, 6}}),
                 "[3, 3] from [4, 0] on reaches over the edge of [2,6,6]"));
  CHECK(contains(setup_error("{crop: 0}", {{2, 6, 6}}), "'size' must be at least 1"));
  CHECK(contains(setup_error("{crop: 3}", {{6}}), "crop expects an image [C,H,W], found [6]"));
  CHECK(contains(setup_error("crop", {{2, 6, 6}}), "needs 'size'"));
}

}  // namespace cnn

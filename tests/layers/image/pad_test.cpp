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

// Walks from the image's first pixel to index i, turning round at the edges.
reference::TapsOf mirrored(int64_t in, int64_t before) {
  return [=](int64_t i) {
    int64_t at = 0, step = i < before ? -1 : 1;
    for (int64_t n = std::abs(i - before); n > 0; --n) {
      if (at + step < 0 || at + step >= in) step = -step;
      at += step;
    }
    return reference::Taps{{at, 1.0}};
  };
}

reference::TapsOf repeated(int64_t in, int64_t before) {
  return [=](int64_t i) {
    const int64_t from = i < before ? 0 : i - before >= in ? in - 1 : i - before;
    return reference::Taps{{from, 1.0}};
  };
}

}  // namespace

TEST_CASE("pad matches the reference") {
  const std::vector<Case> cases = {
      {"{pad: 0}", {1, 1, 1}, {1, 1, 1}, 0, 0},
      {"{pad: 1}", {1, 2, 3}, {1, 4, 5}, 1, 1},
      {"{pad: [0, 2]}", {3, 4, 3}, {3, 4, 7}, 0, 2},
      {"{pad: [1, 0, 2, 3]}", {17, 3, 4}, {17, 4, 9}, 1, 2},
      {"{pad: [0, 1, 0, 1]}", {5, 13, 15}, {5, 14, 16}, 0, 0},
  };
  for (const Case& c : cases) {
    for (const std::string mode : {"zero", "reflect", "replicate"}) {
      const std::string item = c.item.substr(0, c.item.size() - 1) + ", mode: " + mode + "}";
      DYNAMIC_SECTION(item << " on " << c.input.str()) {
        const auto axis = [&](int64_t in, int64_t before) {
          return mode == "zero"      ? reference::shifted(in, before)
                 : mode == "reflect" ? mirrored(in, before)
                                     : repeated(in, before);
        };
        CHECK(LayerHarness(item, {c.input}).plan().output() == c.output);
        check_layer({item, {c.input}, [&](const ReferenceCall& call) {
                       return reference::resample(c.input, c.output, call.batch, call.inputs[0],
                                                  axis(c.input.height(), c.top),
                                                  axis(c.input.width(), c.left));
                     }});
      }
    }
  }
}

TEST_CASE("a mirrored border shows the edge once, a repeated one fills with it") {
  const LayerHarness reflect("{pad: [0, 0, 2, 2], mode: reflect}", {{1, 1, 3}});
  CHECK(reflect.run({}, 1, 1, {{1, 2, 3}}, {}, Numbers(7, 1)).out ==
        std::vector<float>{3, 2, 1, 2, 3, 2, 1});
  const LayerHarness repeat("{pad: [0, 0, 2, 2], mode: replicate}", {{1, 1, 3}});
  CHECK(repeat.run({}, 1, 1, {{1, 2, 3}}, {}, Numbers(7, 1)).out ==
        std::vector<float>{1, 1, 1, 2, 3, 3, 3});
}

TEST_CASE("borders that cannot be are explained") {
  CHECK(contains(setup_error("{pad: [0, 3], mode: reflect}", {{1, 4, 3}}),
                 "the mirror image of [1,4,3] has 3 rows and 2 columns without the edge itself"));
  CHECK(contains(setup_error("{pad: [1, 2, 3]}", {{1, 4, 3}}), "found a list of 3"));
  CHECK(contains(setup_error("{pad: -1}", {{1, 4, 3}}), "'border' must be"));
  CHECK(contains(setup_error("{pad: 1, mode: mirror}", {{1, 4, 3}}), "mirror"));
  CHECK(contains(setup_error("{pad: 1}", {{4}}), "pad expects an image [C,H,W], found [4]"));
}

}  // namespace cnn

#include "reference/pool.h"
#include "support/catch.h"
#include "support/check_layer.h"
#include "support/text.h"

namespace cnn {
namespace {

struct Case {
  std::string pool;
  Shape input;
  Extents out, kernel, stride, pad = Extents::all(0);
};

// The transpose of a maxpool over `pooled`, by definition.
Numbers unpool(const Case& c, int64_t batch, const Numbers& pooled, const Numbers& values) {
  const PoolShape shape{c.input.channels(), c.input.extents(), c.out, c.kernel, c.stride, c.pad};
  return reference::max_pool_backward(shape, batch, pooled, values);
}

}  // namespace

TEST_CASE("unpool matches the reference") {
  const std::vector<Case> cases = {
      {"{maxpool: 1}", {3, 2, 3}, {1, 2, 3}, {1, 1, 1}, {1, 1, 1}},
      {"{maxpool: 2}", {6, 4, 6}, {1, 2, 3}, {1, 2, 2}, {1, 2, 2}},
      {"{maxpool: 2}", {1, 5, 7}, {1, 2, 3}, {1, 2, 2}, {1, 2, 2}},
      {"{maxpool: 2, ceil: true}", {17, 3, 5}, {1, 2, 3}, {1, 2, 2}, {1, 2, 2}},
      {"{maxpool: 3, stride: 2, pad: 1}", {9, 5, 6}, {1, 3, 3}, {1, 3, 3}, {1, 2, 2}, {0, 1, 1}},
      {"{maxpool: [1, 3], stride: [1, 2], pad: [0, 1]}",
       {2, 3, 6},
       {1, 3, 3},
       {1, 1, 3},
       {1, 1, 2},
       {0, 0, 1}},
      {"{maxpool: 2, stride: 3, ceil: true}", {3, 6, 7}, {1, 2, 3}, {1, 2, 2}, {1, 3, 3}},
      {"{maxpool: 2}", {3, 3, 5, 4}, {1, 2, 2}, Extents::all(2), Extents::all(2)},
      {"{maxpool: 3, stride: 2, pad: 1}",
       {9, 4, 3, 5},
       {2, 2, 3},
       Extents::all(3),
       Extents::all(2),
       Extents::all(1)},
      {"{maxpool: [1, 2, 2]}", {17, 3, 4, 4}, {3, 2, 2}, {1, 2, 2}, {1, 2, 2}},
      {"{maxpool: 17}", {2, 17, 18}, {1, 1, 1}, {1, 17, 17}, {1, 17, 17}},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.pool << " of " << c.input.str()) {
      LayerCase layer;
      layer.item = "{unpool: other}";
      layer.inputs = {c.input.resized(c.input.channels(), c.out)};
      layer.named = NamedItem{c.pool, c.input};
      layer.reference = [&](const ReferenceCall& call) {
        return unpool(c, call.batch, call.named_input, call.inputs[0]);
      };
      check_layer(layer);
    }
  }
}

TEST_CASE("unpool puts a maximum back where it was") {
  const NamedItem pool{"{maxpool: 2}", {1, 2, 4}};
  const LayerHarness layer("{unpool: other}", {{1, 1, 2}}, Phase::kTrain, &pool);
  RunSettings settings;
  settings.named_input = {1, 5, 2, 3, 4, 0, 8, 1};
  const RunResult result = layer.run(settings, 1, 1, {{5, 8}}, {}, {1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(result.out == std::vector<float>{0, 5, 0, 0, 0, 0, 8, 0});
  CHECK(result.grad_in[0] == std::vector<float>{2, 7});
}

TEST_CASE("what cannot be unpooled is explained") {
  const NamedItem pool{"{maxpool: 2}", {3, 4, 4}};
  CHECK(contains(setup_error("{unpool: other}", {{4, 2, 2}}, pool),
                 "[4,2,2] is not of the shape [3,2,2] of 'other'"));
  CHECK(contains(setup_error("{unpool: other}", {{3, 4, 4}}, NamedItem{"relu", {3, 4, 4}}),
                 "'other' is no maxpool, but 'relu'"));
  CHECK(contains(setup_error("unpool", {{3, 4, 4}}), "needs 'pool'"));
}

}  // namespace cnn

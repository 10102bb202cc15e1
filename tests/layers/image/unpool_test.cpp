#include "layers/image/maxpool_cases.h"
#include "reference/pool.h"
#include "support/catch.h"
#include "support/check_layer.h"
#include "support/text.h"

namespace cnn {
namespace {

void check_cases(const std::vector<MaxPoolCase>& cases) {
  for (const MaxPoolCase& c : cases) {
    DYNAMIC_SECTION(c.item << " of " << c.input.str()) {
      LayerCase layer;
      layer.item = "{unpool: other}";
      layer.inputs = {c.input.resized(c.input.channels(), c.out)};
      layer.named = NamedItem{c.item, c.input};
      // The transpose of a maxpool over `named_input`, by definition.
      layer.reference = [&](const ReferenceCall& call) {
        return reference::max_pool_backward(c.shape(), call.batch, call.named_input,
                                            call.inputs[0]);
      };
      check_layer(layer);
    }
  }
}

}  // namespace

TEST_CASE("unpool matches the reference") { check_cases(picture_pools()); }

TEST_CASE("unpool over volumes matches the reference") { check_cases(volume_pools()); }

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

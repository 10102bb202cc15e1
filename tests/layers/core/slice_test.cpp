#include "support/catch.h"
#include "support/check_layer.h"
#include "support/text.h"

namespace cnn {
namespace {

struct Case {
  std::string item;
  Shape input, output;
  int axis;  // in the order of files
  int64_t begin;
};

Numbers slice(const Case& c, int64_t batch, const Numbers& x) {
  int64_t inner = 1;
  for (int k = c.axis + 1; k < c.input.rank(); ++k) inner *= c.input[k];
  const int64_t size = c.input[c.axis], count = c.output[c.axis];
  const int64_t outer = batch * c.input.count() / (size * inner);
  Numbers y;
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t i = c.begin * inner; i < (c.begin + count) * inner; ++i) {
      y.push_back(x[static_cast<size_t>(o * size * inner + i)]);
    }
  }
  return y;
}

}  // namespace

TEST_CASE("slice matches the reference") {
  const std::vector<Case> cases = {
      {"{slice: [0, 1]}", {1}, {1}, 0, 0},
      {"{slice: [3, 7]}", {19}, {4}, 0, 3},
      {"{slice: [-4]}", {19}, {4}, 0, 15},
      {"{slice: [1, -1]}", {3, 5}, {3, 3}, 1, 1},
      {"{slice: [1, 3], axis: rows}", {3, 5}, {2, 5}, 0, 1},
      {"{slice: [0, 2]}", {3, 5, 7}, {2, 5, 7}, 0, 0},
      {"{slice: [2, 5], axis: rows}", {3, 5, 7}, {3, 3, 7}, 1, 2},
      {"{slice: [0, -6], axis: columns}", {3, 5, 7}, {3, 5, 1}, 2, 0},
      {"{slice: [1], axis: rows}", {2, 3, 4, 5}, {2, 3, 3, 5}, 2, 1},
      {"{slice: [1, 4], axis: columns}", {2, 3, 4, 5}, {2, 3, 4, 3}, 3, 1},
      {"{slice: [1, 16], axis: rows}", {20, 17, 35}, {20, 15, 35}, 1, 1},  // cut among threads
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.item << " on " << c.input.str()) {
      CHECK(LayerHarness(c.item, {c.input}).plan().output() == c.output);
      check_layer({c.item, {c.input}, [&](const ReferenceCall& call) {
                     return slice(c, call.batch, call.inputs[0]);
                   }});
    }
  }
}

TEST_CASE("ranges that are none are explained") {
  CHECK(contains(setup_error("{slice: [3, 3]}", {{6, 2, 2}}),
                 "[3, 3] is no range of the 6 channels of [6,2,2]"));
  CHECK(contains(setup_error("{slice: [0, 7]}", {{6, 2, 2}}),
                 "[0, 7] is no range of the 6 channels"));
  CHECK(contains(setup_error("{slice: [-7, 2]}", {{6, 2, 2}}), "[-7, 2] is no range"));
  CHECK(contains(setup_error("{slice: [0, 3], axis: rows}", {{6, 2, 2}}), "of the 2 rows"));
  CHECK(contains(setup_error("{slice: [0, 1, 2]}", {{6}}), "found 3 numbers"));
  CHECK(contains(setup_error("{slice: [0, 1], axis: rows}", {{6}}), "[6] has no rows"));
  CHECK(contains(setup_error("{slice: [0, 1], axis: columns}", {{6, 4}}), "[6,4] has no columns"));
  CHECK(contains(setup_error("{slice: 3}", {{6}}), "list"));
}

}  // namespace cnn

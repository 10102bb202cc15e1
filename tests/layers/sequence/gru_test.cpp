#include "reference/recurrent.h"
#include "support/catch.h"
#include "support/check_layer.h"
#include "support/text.h"

namespace cnn {
namespace {

using reference::RecurrentOptions;

void check(const std::string& options, const std::vector<LayerInput>& inputs,
           const RecurrentOptions& naive) {
  reference::Recurrent expected(naive);
  expected.most_items = inputs[0].items.most;
  CAPTURE(options);
  check_layer({"{gru: " + options + "}", inputs, expected});
}

}  // namespace

TEST_CASE("gru matches the reference for lists of any length") {
  for (const Items& items : {Items::list(1), Items::list(4), Items::up_to(7)}) {
    check("5", {list_of({3}, items)}, {.cell = RecurrentOptions::Cell::kGru, .hidden = 5});
  }
  check("1", {list_of({1}, Items::up_to(3))}, {.cell = RecurrentOptions::Cell::kGru, .hidden = 1});
  check("67", {list_of({2}, Items::up_to(3))},
        {.cell = RecurrentOptions::Cell::kGru, .hidden = 67});
}
TEST_CASE("gru in layers and both directions matches the reference") {
  const Form list = list_of({3}, Items::up_to(5));
  const auto cell = RecurrentOptions::Cell::kGru;
  check("5, layers: 2", {list}, {.cell = cell, .hidden = 5, .layers = 2});
  check("4, bidirectional: true", {list}, {.cell = cell, .hidden = 4, .directions = 2});
  check("3, layers: 3, bidirectional: true, bias: false", {list},
        {.cell = cell, .hidden = 3, .layers = 3, .directions = 2, .bias = false});
  check("6, layers: 2, dropout: 0.4", {list},
        {.cell = cell, .hidden = 6, .layers = 2, .dropout = 0.4});
}

TEST_CASE("gru begins with the state that it is given") {
  const Form list = list_of({3}, Items::up_to(4));
  const auto cell = RecurrentOptions::Cell::kGru;
  check("4, layers: 2, start: s", {list, Shape{4}},
        {.cell = cell, .hidden = 4, .layers = 2, .start = 1});
  check("4, layers: 2, start: s", {list, Shape{8}},
        {.cell = cell, .hidden = 4, .layers = 2, .start = 1});
  check("3, bidirectional: true, start: s", {list, Shape{6}},
        {.cell = cell, .hidden = 3, .directions = 2, .start = 1});
  check("3, carry: true", {list}, {.cell = cell, .hidden = 3});
}

}  // namespace cnn

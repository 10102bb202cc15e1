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
  check_layer({"{lstm: " + options + "}", inputs, expected});
}

}  // namespace

TEST_CASE("lstm matches the reference for lists of any length") {
  for (const Items& items : {Items::list(1), Items::list(4), Items::up_to(7)}) {
    check("5", {list_of({3}, items)}, {.cell = RecurrentOptions::Cell::kLstm, .hidden = 5});
  }
  check("1", {list_of({1}, Items::up_to(3))}, {.cell = RecurrentOptions::Cell::kLstm, .hidden = 1});
  check("67", {list_of({2}, Items::up_to(3))},
        {.cell = RecurrentOptions::Cell::kLstm, .hidden = 67});
}
TEST_CASE("lstm in layers and both directions matches the reference") {
  const Form list = list_of({3}, Items::up_to(5));
  const auto cell = RecurrentOptions::Cell::kLstm;
  check("5, layers: 2", {list}, {.cell = cell, .hidden = 5, .layers = 2});
  check("4, bidirectional: true", {list}, {.cell = cell, .hidden = 4, .directions = 2});
  check("3, layers: 3, bidirectional: true, bias: false", {list},
        {.cell = cell, .hidden = 3, .layers = 3, .directions = 2, .bias = false});
  check("6, layers: 2, dropout: 0.4", {list},
        {.cell = cell, .hidden = 6, .layers = 2, .dropout = 0.4});
}

TEST_CASE("lstm begins with the state that it is given") {
  const Form list = list_of({3}, Items::up_to(4));
  const auto cell = RecurrentOptions::Cell::kLstm;
  check("4, layers: 2, start: s", {list, Shape{4}},
        {.cell = cell, .hidden = 4, .layers = 2, .start = 1});
  check("4, layers: 2, start: s", {list, Shape{8}},
        {.cell = cell, .hidden = 4, .layers = 2, .start = 1});
  check("3, bidirectional: true, start: s", {list, Shape{6}},
        {.cell = cell, .hidden = 3, .directions = 2, .start = 1});
  check("3, carry: true", {list}, {.cell = cell, .hidden = 3});
}

TEST_CASE("lstm begins with the cells that it is given") {
  const Form list = list_of({3}, Items::up_to(4));
  check("4, start: s, start_cell: c", {list, Shape{4}, Shape{4}},
        {.cell = RecurrentOptions::Cell::kLstm, .hidden = 4, .start = 1, .start_cell = 2});
  check("3, layers: 2, start_cell: c", {list, Shape{3}},
        {.cell = RecurrentOptions::Cell::kLstm, .hidden = 3, .layers = 2, .start_cell = 1});
}

TEST_CASE("recurrent layers that cannot be are explained") {
  const Form list = list_of({3}, Items::up_to(4));
  CHECK(contains(setup_error("{lstm: 4}", {{3}}), "lstm: [3] is no list of items"));
  CHECK(contains(setup_error("{gru: 4}", {list_of({2, 2, 2}, Items::list(3))}),
                 "gru expects a list of [F], found"));
  CHECK(contains(setup_error("{lstm: 4, carry: true, bidirectional: true}", {list}),
                 "begins in the future"));
  CHECK(contains(setup_error("{rnn: 4, dropout: 0.5}", {list}), "put a dropout behind it"));
  CHECK(contains(setup_error("{lstm: 4, carry: true, start: s}", {list, Shape{4}}), "two things"));
  CHECK(contains(setup_error("{gru: 4, layers: 2, start: s}", {list, Shape{5}}),
                 "'start' is [5], but the state is [4], of all layers [8]"));
  CHECK(contains(setup_error("{lstm: 0}", {list}), "'hidden' must be"));
}

}  // namespace cnn

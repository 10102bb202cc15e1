#include "layers/sequence/recurrent_checks.h"
#include "support/text.h"

namespace cnn {
namespace {

const RecurrentChecks kLstm{"lstm", RecurrentChecks::Options::Cell::kLstm};

}  // namespace

TEST_CASE("lstm matches the reference for lists of any length") { kLstm.lists_of_any_length(); }

TEST_CASE("lstm in layers and both directions matches the reference") {
  kLstm.layers_and_directions();
}

TEST_CASE("lstm begins with the state that it is given") { kLstm.given_states(); }

TEST_CASE("lstm begins with the cells that it is given") {
  const Form list = list_of({3}, Items::up_to(4));
  kLstm.check("4, start: s, start_cell: c", {list, Shape{4}, Shape{4}},
              {.hidden = 4, .start = 1, .start_cell = 2});
  kLstm.check("3, layers: 2, start_cell: c", {list, Shape{3}},
              {.hidden = 3, .layers = 2, .start_cell = 1});
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

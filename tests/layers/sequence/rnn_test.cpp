#include "layers/sequence/recurrent_checks.h"
#include "support/text.h"

namespace cnn {
namespace {

const RecurrentChecks kRnn{"rnn", RecurrentChecks::Options::Cell::kTanh};
const RecurrentChecks kRectified{"rnn", RecurrentChecks::Options::Cell::kRelu};

}  // namespace

TEST_CASE("rnn matches the reference for lists of any length") { kRnn.lists_of_any_length(); }

TEST_CASE("rnn in layers and both directions matches the reference") {
  kRnn.layers_and_directions();
}

TEST_CASE("rnn begins with the state that it is given") { kRnn.given_states(); }

TEST_CASE("rnn with rectifiers matches the reference") {
  const Form list = list_of({3}, Items::up_to(4));
  kRectified.check("5, nonlinearity: relu", {list}, {.hidden = 5});
  kRectified.check("4, nonlinearity: relu, layers: 2, bidirectional: true", {list},
                   {.hidden = 4, .layers = 2, .directions = 2});
}

}  // namespace cnn

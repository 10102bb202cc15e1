#include "layers/sequence/recurrent_checks.h"
#include "support/text.h"

namespace cnn {
namespace {

const RecurrentChecks kGru{"gru", RecurrentChecks::Options::Cell::kGru};

}  // namespace

TEST_CASE("gru matches the reference for lists of any length") { kGru.lists_of_any_length(); }

TEST_CASE("gru in layers and both directions matches the reference") {
  kGru.layers_and_directions();
}

TEST_CASE("gru begins with the state that it is given") { kGru.given_states(); }

}  // namespace cnn

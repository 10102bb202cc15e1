// gru: kernels/recurrence/recurrence.h has the formulas.
#include "layers/sequence/recurrent.h"

namespace cnn {
namespace {

class Gru final : public Recurrent {
 public:
  Gru() : Recurrent("gru", Cell::kGru) {}
};

}  // namespace

extern const LayerType gru_layer = {
    .name = "gru",
    .family = LayerType::Family::kRecurrent,
    .mixes_items = true,
    .makes_features = true,
    .summary = "gated recurrent unit: an lstm with one state and two gates",
    .example =
        "- {gru: 256, bidirectional: true, name: encoder}\n"
        "- {gru: 512, start: encoder.last, name: decoder}",
    .details =
        "r, z = s(W x + U h' + b), n = tanh(W x + b + r (U h' + b)), h = (1 - z) n + z h': a list "
        "of [F] becomes a list of h, [hidden], with `bidirectional` [2 hidden]. The reset gate r "
        "stands behind the product, as in cuDNN and PyTorch.\n"
        "NAME.last is h behind the last item; `start`, `carry` and the names of the weights are as "
        "in lstm, the gates in the order r z n.\n"
        "Cho et al. 2014, \"Learning phrase representations using RNN encoder-decoder for "
        "statistical machine translation\".",
    .other_names = {"GRU", "cudnn_gru"},
    .make = make_layer<Gru>};

}  // namespace cnn

// lstm: kernels/recurrence/recurrence.h has the formulas.
#include "layers/sequence/recurrent.h"

namespace cnn {
namespace {

class Lstm final : public Recurrent {
 public:
  Lstm() : Recurrent("lstm", Cell::kLstm) {}
};

}  // namespace

extern const LayerType lstm_layer = {
    .name = "lstm",
    .family = LayerType::Family::kRecurrent,
    .mixes_items = true,
    .makes_features = true,
    .summary = "long short-term memory: a state that learns what to keep",
    .example =
        "- {lstm: 256, layers: 2, dropout: 0.2, carry: true, name: rnn}\n"
        "- {lstm: 128, bidirectional: true, name: both}   # both.last, both.cell\n"
        "- {lstm: 256, start: encoder.last, start_cell: encoder.cell}",
    .details =
        "i, f, o = s(W x + U h' + b), g = tanh(W x + U h' + b), c = f c' + i g, h = o tanh(c): a "
        "list of [F] becomes a list of h, [hidden], with `bidirectional` [2 hidden]. Lists of any "
        "length, each sample by itself.\n"
        "NAME.last is h behind the last item (of the other direction, behind the first one), "
        "NAME.cell is c there, both of the top layer. `start` and `start_cell` are what h and c "
        "begin with: [hidden] for every layer, or one behind the other for all of them.\n"
        "With `carry` a text that is dealt in streams (`train.stream: true`) goes on from batch to "
        "batch; gradients end at the batch (truncated back-propagation).\n"
        "Weights, as in PyTorch: weight_ih_l0 [4 hidden, F], weight_hh_l0 [4 hidden, hidden], "
        "bias_ih_l0, bias_hh_l0 in the order i f g o, then _l1 ..., those of the other direction "
        "with _reverse; at first uniform within 1 / sqrt(hidden).\n"
        "Hochreiter & Schmidhuber 1997, \"Long short-term memory\"; Gers, Schmidhuber & Cummins "
        "2000, \"Learning to forget\".",
    .other_names = {"LSTM", "cudnn_lstm"},
    .make = make_layer<Lstm>};

}  // namespace cnn

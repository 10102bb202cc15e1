// rnn: kernels/recurrence/recurrence.h has the formulas.
#include "layers/sequence/recurrent.h"

namespace cnn {
namespace {

class Rnn final : public Recurrent {
 public:
  Rnn() : Recurrent("rnn", Cell::kTanh) {}

  void options(Options& o) override {
    Recurrent::options(o);
    o.choice("nonlinearity", nonlinearity_, {{"tanh", Cell::kTanh}, {"relu", Cell::kRelu}},
             "what follows the sums");
  }

  void setup(Setup& s) override {
    set_cell(nonlinearity_);
    Recurrent::setup(s);
  }

 private:
  Cell nonlinearity_ = Cell::kTanh;
};

}  // namespace

extern const LayerType rnn_layer = {
    .name = "rnn",
    .family = LayerType::Family::kRecurrent,
    .mixes_items = true,
    .makes_features = true,
    .summary = "recurrent layer: the state of every step sees the one before",
    .example =
        "- {rnn: 128, name: rnn}                  # rnn.last is the state behind the last item\n"
        "- {rnn: 128, nonlinearity: relu}",
    .details =
        "h = tanh(W x + U h' + b), or max(0, .): a list of [F] becomes a list of [hidden], with "
        "`bidirectional` [2 hidden].\n"
        "NAME.last is h behind the last item; `start`, `carry` and the names of the weights are as "
        "in lstm.\n"
        "Elman 1990, \"Finding structure in time\".",
    .other_names = {"RNN", "SimpleRNN", "vanilla_rnn", "elman"},
    .make = make_layer<Rnn>};

}  // namespace cnn

// Recurrence: recurrent layers step by step, h_t = f(x_t, h_{t-1}).
//
//   rnn   h = tanh(a) or max(a, 0)
//   lstm  i, f, o = s(a_i), s(a_f), s(a_o), g = tanh(a_g), c = f c' + i g, h = o tanh(c)
//   gru   r, z = s(a_r), s(a_z), n = tanh(a_n + r m), m = W_hn h' + b_hn, h = (1 - z) n + z h'
//
// with a = W_ih x + b_ih + W_hh h' + b_hh (a_n = W_in x + b_in), s the logistic function and ' the
// step before. Weights are [gates * hidden, inputs] and [gates * hidden, hidden], biases [gates *
// hidden], the gates one behind the other in the order i f g o and r z n.
//
// A step's products are made for a few sequences at a time, with the sums of all gates of some
// units in registers; the non-linearities follow while they are at hand. Sequences lie packed, a
// row an item. Each number is summed in one order whatever its neighbours are, so that a sequence
// has the same bits in every batch and on any number of threads.
//
// Hochreiter & Schmidhuber 1997, "Long short-term memory"; Gers, Schmidhuber & Cummins 2000 (the
// forget gate); Cho et al. 2014 (the gru; here with the reset gate behind the product, as in
// cuDNN).
#pragma once

#include <cstdint>
#include <span>

namespace cnn {

enum class Cell { kTanh, kRelu, kLstm, kGru };

constexpr int64_t gates_of(Cell cell) {
  return cell == Cell::kLstm ? 4 : cell == Cell::kGru ? 3 : 1;
}

struct CellSizes {
  Cell cell = Cell::kTanh;
  int64_t inputs = 1, hidden = 1;

  int64_t gates() const { return gates_of(cell); }
};

// Floats of the gates of one item, as the steps lay them out: with some to spare.
int64_t gate_floats(const CellSizes& sizes);

struct CellWeights {
  const float *ih = nullptr, *hh = nullptr;            // W_ih, W_hh
  const float *bias_ih = nullptr, *bias_hh = nullptr;  // both or neither
};

// Weights as the steps read them, forward and backward.
int64_t packed_forward_floats(const CellSizes& sizes);
int64_t packed_backward_floats(const CellSizes& sizes);
void pack_forward(const CellSizes& sizes, const CellWeights& weights, float* packed);
void pack_backward(const CellSizes& sizes, const CellWeights& weights, float* packed);

// The sequences of a batch: sequence n is rows starts[n] .. starts[n + 1].
struct Sequences {
  int64_t count = 0;
  const int64_t* starts = nullptr;
  const float* order = nullptr;  // their numbers, the longest first: order_by_length()

  int64_t rows() const { return starts[count]; }
};
void order_by_length(int64_t count, const int64_t* starts, float* order);

// Some floats for each sequence, `distance` apart. Null: zeros, or nobody wants them.
template <class T>
struct BySequence {
  T* data = nullptr;
  int64_t distance = 0;

  explicit operator bool() const { return data != nullptr; }
  T* of(int64_t n) const { return data + n * distance; }
};

// One direction of one layer. Rows of `out` are `distance` apart, those of `in` and `kept` lie side
// by side.
struct Recurrence {
  CellSizes sizes;
  bool is_reverse = false;        // from a sequence's last item to its first
  const float* packed = nullptr;  // of pack_forward, or of pack_backward
  const float* in = nullptr;      // [rows, inputs]
  float* gates = nullptr;         // rows times gate_floats(); null: no backward follows
  float* kept = nullptr;          // lstm: [rows, hidden], c
  float* out = nullptr;           // [rows, hidden], h
  int64_t distance = 0;
  BySequence<const float> start, start_cell;  // h and c before the first step
};

// Where h and c behind the last step go; those of an empty sequence are those from before it.
struct LastStates {
  BySequence<float> h, cell;
};

// All of them at once (the two directions of a layer), on all threads. `last` by recurrence.
void run_steps(std::span<const Recurrence> recurrences, const Sequences& sequences,
               std::span<const LastStates> last);

struct RecurrenceGradients {
  Recurrence of;                            // as run_steps has left it, with the other packing
  const float* out = nullptr;               // of h, rows `distance` apart; null: 0
  int64_t distance = 0;                     // may differ from that of h
  BySequence<const float> last, last_cell;  // of the states behind the last step
  float* gates = nullptr;                   // result: rows times gate_floats(), of the sums a
  float* carry = nullptr;                   // working memory: [sequences, hidden]
  BySequence<float> start, start_cell;      // results, if they are wanted: overwritten
};
void run_steps_backward(std::span<const RecurrenceGradients> recurrences,
                        const Sequences& sequences);

// What follows from the gradients of the gates. Sums over rows are taken in their order.
//
// Of x: to[row, inputs], overwritten or added to.
void input_gradients(const RecurrenceGradients& gradients, int64_t rows, bool add, float* to);

// Of weights and biases: each overwritten or added to; null: nobody wants it. `scratch`: threads()
// pieces of weight_gradient_scratch() floats.
struct WeightGradients {
  float *ih = nullptr, *hh = nullptr, *bias_ih = nullptr, *bias_hh = nullptr;
  bool adds_ih = false, adds_hh = false, adds_bias_ih = false, adds_bias_hh = false;
};
int64_t weight_gradient_scratch(const CellSizes& sizes);
void weight_gradients(const RecurrenceGradients& gradients, const Sequences& sequences,
                      const WeightGradients& to, float* scratch);

}  // namespace cnn

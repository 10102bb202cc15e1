// Recurrence: the part of a recurrent layer that goes step by step, h_t = f(x_t, h_{t-1}). What the
// inputs add to all steps, W_ih x_t + b, is one matrix product before it; here W_hh h_{t-1} is
// added to it, and the non-linearities follow while the sums are at hand.
//
//   rnn   h = tanh(a) or max(a, 0)
//   lstm  i, f, o = s(a_i), s(a_f), s(a_o), g = tanh(a_g), c = f c' + i g, h = o tanh(c)
//   gru   r, z = s(a_r), s(a_z), n = tanh(a_n + r (W_hn h' + b_hn)), h = (1 - z) n + z h'
//
// with s the logistic function, ' the step before and W_hh [gates * hidden, hidden], the gates one
// behind the other in the order i f g o and r z n.
//
// Sequences lie packed, one row an item. Each number is summed in one order whatever its neighbours
// are, so that a sequence has the same bits in every batch and on any number of threads.
//
// Hochreiter & Schmidhuber 1997, "Long short-term memory"; Gers, Schmidhuber & Cummins 2000 (the
// forget gate); Cho et al. 2014 (the gru; with the reset gate behind the product, as in cuDNN).
#pragma once

#include <cstdint>
#include <span>

namespace cnn {

enum class Cell { kTanh, kRelu, kLstm, kGru };

constexpr int64_t gates_of(Cell cell) {
  return cell == Cell::kLstm ? 4 : cell == Cell::kGru ? 3 : 1;
}
// Whether a step keeps `hidden` numbers beside the gates: c of the lstm, W_hn h' + b_hn of the gru.
constexpr bool keeps_more(Cell cell) { return cell == Cell::kLstm || cell == Cell::kGru; }

// W_hh as the steps read it.
int64_t packed_forward_floats(Cell cell, int64_t hidden);
int64_t packed_backward_floats(Cell cell, int64_t hidden);
void pack_forward(Cell cell, int64_t hidden, const float* weight, float* packed);
void pack_backward(Cell cell, int64_t hidden, const float* weight, float* packed);

// The sequences of a batch: sequence n is rows starts[n] .. starts[n + 1].
struct Sequences {
  int64_t count = 0;
  const int64_t* starts = nullptr;
  const float* order = nullptr;  // their numbers, the longest first: order_by_length()
};
void order_by_length(int64_t count, const int64_t* starts, float* order);

// A number of floats for each sequence, `distance` apart. Null: zeros, or nobody wants them.
template <class T>
struct BySequence {
  T* data = nullptr;
  int64_t distance = 0;

  explicit operator bool() const { return data != nullptr; }
  T* of(int64_t n) const { return data + n * distance; }
};

// One direction of one layer. Rows of `out` are `distance` apart, all others lie side by side.
struct Recurrence {
  Cell cell = Cell::kTanh;
  int64_t hidden = 0;
  bool is_reverse = false;          // from a sequence's last item to its first
  const float* packed = nullptr;    // of pack_forward, or pack_backward
  const float* new_bias = nullptr;  // gru: b_hn [hidden], or null
  float* gates = nullptr;  // [rows, gates * hidden]: what the inputs add; then the gates themselves
  float* kept = nullptr;   // [rows, hidden] if the cell keeps more
  float* out = nullptr;    // [rows, hidden]: h
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
  Recurrence of;                            // as it was left by run_steps, with the other packing
  const float* out = nullptr;               // of h, rows `distance` apart; null: 0
  int64_t distance = 0;                     // may differ from that of h
  BySequence<const float> last, last_cell;  // of the states behind the last step
  float* gates = nullptr;                   // result: [rows, gates * hidden], of what inputs add
  float* hidden_new = nullptr;              // result, gru: [rows, hidden], of W_hn h' + b_hn
  float* carry = nullptr;                   // working memory: [sequences, hidden]
  BySequence<float> start, start_cell;      // results, if they are wanted: overwritten
};
void run_steps_backward(std::span<const RecurrenceGradients> recurrences,
                        const Sequences& sequences);

}  // namespace cnn

// Recurrent: what rnn, lstm and gru share: layers one above the other, each in one direction or in
// both, over lists whose length varies.
//
// Layer l has parameters weight_ih_l<l> [gates * hidden, inputs], weight_hh_l<l> [gates * hidden,
// hidden], bias_ih_l<l>, bias_hh_l<l>, those of the other direction end in _reverse: PyTorch's
// names and shapes.
//
// Forward goes through the steps (kernels/recurrence), backward the other way round; the gradients
// of weights and inputs follow, for all steps at once.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernels/recurrence/recurrence.h"
#include "layers/layer_type.h"

namespace cnn {

class Recurrent : public Layer {
 public:
  Recurrent(const char* name, Cell cell) : name_(name), cell_(cell) {}

  void options(Options& o) override;
  void setup(Setup& s) override;
  void prepare(const PrepareCall& call) const override;
  void forward(const ForwardCall& call) const override;
  void backward(const BackwardCall& call) const override;
  Growth grow_stepwise(std::span<const char> grow, bool early) override;

 protected:
  void set_cell(Cell cell) { cell_ = cell; }

 private:
  // One direction of one layer: ids of its parameters and of its memory.
  struct Part {
    int weight_ih = -1, weight_hh = -1, bias_ih = -1, bias_hh = -1;
    int gates = -1, kept = -1;
    int packed = -1;  // derived in testing, else of the forward call
  };

  int64_t width() const { return directions_ * hidden_; }  // of an item of a layer's output
  int64_t gates() const { return gates_of(cell_); }
  int64_t inputs_of(int layer) const { return layer == 0 ? in_ : width(); }
  size_t part(int layer, int64_t direction) const {
    return static_cast<size_t>(layer * directions_ + direction);
  }
  bool is_top(int layer) const { return layer + 1 == layers_; }
  bool drops(int layer) const { return drops_ && layer > 0; }
  CellSizes sizes(int layer) const { return {cell_, inputs_of(layer), hidden_}; }
  int64_t states() const { return (cell_ == Cell::kLstm ? 2 : 1) * layers_ * width(); }

  void add_part(Setup& s, int layer, int64_t direction);
  void book_memory(Setup& s);
  void check_start(Setup& s, int input, const char* option) const;
  template <class AnyCall>
  CellWeights weights(const AnyCall& call, const Part& p) const;

  // The states that part (layer, direction) begins with and ends with, in `states_`.
  BySequence<const float> start_of(const Call& call, int layer, int64_t direction, int which) const;
  BySequence<float> last_of(const ForwardCall& call, int layer, int64_t direction, int which) const;
  void carry_on(const ForwardCall& call) const;
  void begin_states(const ForwardCall& call, int64_t n, float* to) const;
  void write_states(const ForwardCall& call) const;

  const float* input_of(const Call& call, int layer) const;  // without what is dropped
  void drop(const Call& call, const int64_t* starts, int layer, const float* in, float* out) const;
  Recurrence recurrence(const Call& call, const float* in, const float* top, int layer,
                        int64_t direction) const;
  Sequences sequences(const Call& call, const int64_t* starts) const;
  void backward_layer(const BackwardCall& call, int layer, const float* grad_out) const;
  RecurrenceGradients gradients(const BackwardCall& call, const Recurrence& of,
                                const float* grad_out, int layer, int64_t direction) const;
  void add_gradients(const BackwardCall& call, const RecurrenceGradients& g, int layer,
                     int64_t direction) const;
  void add_start_gradient(const BackwardCall& call, int layer) const;

  const char* name_;
  Cell cell_;
  int64_t hidden_ = 0;
  int64_t layers_ = 1;
  bool is_bidirectional_ = false, has_bias_ = true, carry_ = false;
  bool grows_ = false;  // lists come item by item, and `start` is what the first begins with
  double dropout_ = 0;
  std::string start_, start_cell_;

  int64_t in_ = 1, most_ = 1, directions_ = 1;
  bool drops_ = false, is_prepared_ = false;
  int start_input_ = -1, start_cell_input_ = -1;
  int last_output_ = 1, cell_output_ = 2;
  std::vector<Part> parts_;
  std::vector<int> inner_;  // by layer but the top one: its output
  int order_ = -1, dropped_ = -1, states_ = -1, carried_ = -1;
  int backward_packed_ = -1, grad_gates_ = -1, steps_carry_ = -1, weight_sums_ = -1;
  int grad_inner_ = -1, backward_dropped_ = -1, grad_start_ = -1;
};

}  // namespace cnn

#include "layers/sequence/recurrent.h"

#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "layers/dropping.h"
#include "layers/image/window.h"

namespace cnn {
namespace {

constexpr int kMostDirections = 2;

int64_t rounded_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

}  // namespace

void Recurrent::options(Options& o) {
  o("hidden", hidden_, "numbers of the state")
      .primary()
      .required()
      .between(1, 1 << 24)
      .aliases({"hidden_size", "units", "out", "num_output", "width"});
  o("layers", layers_, "so many of them, each reading what the one below gives")
      .between(1, 1000)
      .aliases({"num_layers", "depth"});
  o("bidirectional", is_bidirectional_,
    "a second one reads from the end to the beginning; their outputs stand side by side");
  o("dropout", dropout_, "probability of a value between layers to be dropped in training")
      .between(0, 1);
  o("bias", has_bias_, "add learned offsets");
  o("carry", carry_, "begin where the batch before has ended (`train.stream`)")
      .aliases({"stateful"});
  o.reference("start", start_,
              "a layer of [hidden] numbers that the state begins with, as `NAME.last` of another "
              "one; by default 0")
      .aliases({"initial_state", "h_0"});
  if (cell_ == Cell::kLstm) {
    o.reference("start_cell", start_cell_, "the same for the cells, as `NAME.cell` of another lstm")
        .aliases({"c_0"});
  }
}

void Recurrent::check_start(Setup& s, int input, const char* option) const {
  const Shape& shape = s.input(input);
  const int64_t all = layers_ * width();
  s.require(
      !s.form(input).items.is_list && shape.rank() == 1 && (shape[0] == width() || shape[0] == all),
      "{}: '{}' is {}, but the state is [{}]{}", name_, option, s.describe(input), width(),
      layers_ > 1 ? fmt::format(", of all layers [{}]", all) : "");
}

void Recurrent::setup(Setup& s) {
  const Form& form = s.form();
  directions_ = is_bidirectional_ ? 2 : 1;
  s.require(form.items.is_list, "{}: {} is no list of items", name_, s.describe(0));
  s.require(form.shape.rank() == 1, "{} expects a list of [F], found {}; add 'flatten' before it",
            name_, s.describe(0));
  in_ = form.shape[0];
  most_ = form.items.most;
  s.require(!carry_ || !is_bidirectional_,
            "{}: 'carry' goes on from the past, and 'bidirectional' begins in the future", name_);
  s.require(dropout_ == 0 || layers_ > 1,
            "{}: 'dropout' is between layers, and there is one; put a dropout behind it", name_);
  int input = 1;
  start_input_ = start_.empty() ? -1 : input++;
  start_cell_input_ = start_cell_.empty() ? -1 : input++;
  s.require(!carry_ || grows_ || input == 1, "{}: 'carry' and 'start' say two things", name_);
  if (start_input_ > 0) check_start(s, start_input_, "start");
  if (start_cell_input_ > 0) check_start(s, start_cell_input_, "start_cell");

  s.list_output({width()}, 0).may_be_unread = true;
  s.output({width()}, "last").may_be_unread = true;
  if (cell_ == Cell::kLstm) s.output({width()}, "cell").may_be_unread = true;
  drops_ = dropout_ > 0 && s.phase() == Phase::kTrain;
  s.plan().draws = drops_;
  is_prepared_ = s.phase() == Phase::kTest;
  parts_.assign(static_cast<size_t>(layers_ * directions_), {});
  for (int l = 0; l < layers_; ++l) {
    for (int64_t d = 0; d < directions_; ++d) add_part(s, l, d);
  }
  book_memory(s);
  int64_t macs = 0;
  for (int l = 0; l < layers_; ++l) {
    macs += capped_macs(most_ * directions_, gates() * hidden_ * (inputs_of(l) + hidden_));
  }
  s.plan().macs = macs;
  s.plan().backward_reads_output = most_ > 1 || gates() == 1;
  s.plan().kernel = "steps";
  s.plan().kernel_why = "steps (the gates of some units in registers)";
}

void Recurrent::add_part(Setup& s, int layer, int64_t direction) {
  Part& p = parts_[part(layer, direction)];
  const std::string suffix = fmt::format("_l{}{}", layer, direction == 1 ? "_reverse" : "");
  const int64_t rows = gates() * hidden_, in = inputs_of(layer);
  const Initializer init{Initializer::Kind::kUniform, 1 / std::sqrt(static_cast<double>(hidden_)),
                         0};
  const auto add = [&](const char* name, const Shape& shape, int64_t fan_in) {
    return s.parameter({.name = name + suffix,
                        .shape = shape,
                        .layout = {},
                        .init = init,
                        .fan_in = fan_in,
                        .fan_out = hidden_});
  };
  p.weight_ih = add("weight_ih", {rows, in}, in);
  p.weight_hh = add("weight_hh", {rows, hidden_}, hidden_);
  if (has_bias_) {
    p.bias_ih = add("bias_ih", {rows}, in);
    p.bias_hh = add("bias_hh", {rows}, hidden_);
  }
  if (gates() > 1) p.gates = s.saved(Per::kSample, most_ * gate_floats(sizes(layer)));
  if (cell_ == Cell::kLstm) p.kept = s.saved(Per::kSample, most_ * hidden_);
  const int64_t packed = packed_forward_floats(sizes(layer));
  p.packed = is_prepared_ ? s.derived(packed) : s.scratch_forward(Per::kOnce, packed);
}

void Recurrent::book_memory(Setup& s) {
  inner_.clear();
  for (int l = 0; l + 1 < layers_; ++l) inner_.push_back(s.saved(Per::kSample, most_ * width()));
  order_ = s.saved(Per::kSample, 1);
  states_ = s.saved(Per::kSample, states());
  if (carry_) carried_ = s.carried(2 * (states() + 1));
  if (drops_) dropped_ = s.scratch_forward(Per::kSample, most_ * width());

  int64_t packed = packed_backward_floats(sizes(0)), sums = weight_gradient_scratch(sizes(0));
  if (layers_ > 1) {
    packed = std::max(packed, packed_backward_floats(sizes(1)));
    sums = std::max(sums, weight_gradient_scratch(sizes(1)));
    grad_inner_ = s.scratch_backward(Per::kSample, most_ * width());
  }
  backward_packed_ = s.scratch_backward(Per::kOnce, directions_ * packed);
  weight_sums_ = s.scratch_backward(Per::kThread, sums);
  grad_gates_ = s.scratch_backward(Per::kSample, directions_ * most_ * gate_floats(sizes(0)));
  steps_carry_ = s.scratch_backward(Per::kSample, width());
  if (drops_) backward_dropped_ = s.scratch_backward(Per::kSample, most_ * width());
  if (start_input_ > 0 || start_cell_input_ > 0) {
    grad_start_ = s.scratch_backward(Per::kSample, 2 * width());
  }
}

template <class AnyCall>
CellWeights Recurrent::weights(const AnyCall& call, const Part& p) const {
  CellWeights w{call.parameter(p.weight_ih), call.parameter(p.weight_hh)};
  if (has_bias_) {
    w.bias_ih = call.parameter(p.bias_ih);
    w.bias_hh = call.parameter(p.bias_hh);
  }
  return w;
}

void Recurrent::prepare(const PrepareCall& call) const {
  for (int l = 0; l < layers_; ++l) {
    for (int64_t d = 0; d < directions_; ++d) {
      const Part& p = parts_[part(l, d)];
      pack_forward(sizes(l), weights(call, p), call.scratch(p.packed));
    }
  }
}

Sequences Recurrent::sequences(const Call& call, const int64_t* starts) const {
  return {call.batch, starts, call.scratch(order_)};
}

BySequence<const float> Recurrent::start_of(const Call& call, int layer, int64_t direction,
                                            int which) const {
  const int64_t all = layers_ * width(), place = layer * width() + direction * hidden_;
  if (carry_) {  // what came in: the first half
    return {call.scratch(carried_) + which * all + place, 2 * (states() + 1)};
  }
  const int input = which == 0 ? start_input_ : start_cell_input_;
  if (input < 0) return {};
  const ConstView& start = call.input(input);
  const int64_t size = start.shape.count();
  return {start.data + (size == all ? place : direction * hidden_), size};
}

BySequence<float> Recurrent::last_of(const ForwardCall& call, int layer, int64_t direction,
                                     int which) const {
  const int64_t all = layers_ * width();
  return {call.scratch(states_) + which * all + layer * width() + direction * hidden_, states()};
}

// What the batch before has left comes in; a forward that is there again finds it so. Each half of
// the carried memory ends in whether a batch has been there before.
void Recurrent::carry_on(const ForwardCall& call) const {
  if (!carry_ || call.again) return;
  const int64_t half = states() + 1;
  for (int64_t n = 0; n < call.batch; ++n) {
    float *now = call.scratch(carried_) + n * 2 * half, *next = now + half;
    if (next[states()] == 0) begin_states(call, n, next);
    std::copy_n(next, half, now);
    next[states()] = 1;
  }
}

// The state before the first batch: 0, or what the layer shall start with.
void Recurrent::begin_states(const ForwardCall& call, int64_t n, float* to) const {
  const int64_t all = layers_ * width();
  std::fill_n(to, states(), 0.0f);
  for (int which = 0; which < 2; ++which) {
    const int input = which == 0 ? start_input_ : start_cell_input_;
    if (input < 0) continue;
    const ConstView& start = call.input(input);
    for (int64_t i = 0; i < all; ++i) {
      to[which * all + i] = start.sample(n)[i % start.shape.count()];
    }
  }
}

Growth Recurrent::grow_stepwise(std::span<const char> grow, bool early) {
  const bool starts_fixed = std::count(grow.begin() + 1, grow.end(), 1) == 0;
  if (is_bidirectional_ || early || !starts_fixed) return Growth::kWhole;
  carry_ = grows_ = true;
  return Growth::kEndless;
}

void Recurrent::write_states(const ForwardCall& call) const {
  const int64_t all = layers_ * width();
  for (int64_t n = 0; n < call.batch; ++n) {
    const float* own = call.scratch(states_) + n * states();
    std::copy_n(own + all - width(), width(), call.output(last_output_).sample(n));
    if (cell_ == Cell::kLstm) {
      std::copy_n(own + 2 * all - width(), width(), call.output(cell_output_).sample(n));
    }
    if (carry_ && !call.again) {
      std::copy_n(own, states(), call.scratch(carried_) + (2 * n + 1) * (states() + 1));
    }
  }
}

const float* Recurrent::input_of(const Call& call, int layer) const {
  return layer == 0 ? call.input().data : call.scratch(inner_[static_cast<size_t>(layer - 1)]);
}

// Each layer has numbers of its own among those of a sample.
void Recurrent::drop(const Call& call, const int64_t* starts, int layer, const float* in,
                     float* out) const {
  const Dropping dropping(dropout_);
  const int64_t origin = (layer - 1) * rounded_up(most_ * width(), 4);
  parallel_for(
      call.batch, grain_for(call.batch, 4 * most_ * width()), [&](int64_t begin, int64_t end) {
        for (int64_t n = begin; n < end; ++n) {
          const int64_t first = starts[n] * width();
          dropping.run(call.rng(n), static_cast<uint64_t>(origin), 0,
                       (starts[n + 1] - starts[n]) * width(), in + first, out + first, false);
        }
      });
}

// `in`: what it reads; `top`: the output of the layer that is no inner one.
Recurrence Recurrent::recurrence(const Call& call, const float* in, const float* top, int layer,
                                 int64_t direction) const {
  const Part& p = parts_[part(layer, direction)];
  const float* out = is_top(layer) ? top : call.scratch(inner_[static_cast<size_t>(layer)]);
  Recurrence r;
  r.sizes = sizes(layer);
  r.is_reverse = direction == 1;
  r.in = in;
  r.gates = p.gates >= 0 ? call.scratch(p.gates) : nullptr;
  r.kept = p.kept >= 0 ? call.scratch(p.kept) : nullptr;
  r.out = const_cast<float*>(out) + direction * hidden_;  // backward only reads it
  r.distance = width();
  r.start = start_of(call, layer, direction, 0);
  if (cell_ == Cell::kLstm) r.start_cell = start_of(call, layer, direction, 1);
  return r;
}

void Recurrent::forward(const ForwardCall& call) const {
  const int64_t* starts = call.input().starts;
  order_by_length(call.batch, starts, call.scratch(order_));
  carry_on(call);
  for (int l = 0; l < layers_; ++l) {
    const float* in = input_of(call, l);
    if (drops(l)) {
      drop(call, starts, l, in, call.scratch(dropped_));
      in = call.scratch(dropped_);
    }
    Recurrence recurrences[kMostDirections];
    LastStates last[kMostDirections];
    for (int64_t d = 0; d < directions_; ++d) {
      const Part& p = parts_[part(l, d)];
      if (!is_prepared_) pack_forward(sizes(l), weights(call, p), call.scratch(p.packed));
      Recurrence& r = recurrences[d];
      r = recurrence(call, in, call.out.data, l, d);
      r.packed = call.scratch(p.packed);
      if (call.pass.gradients == Pass::Gradients::kNone) r.gates = nullptr;
      last[d].h = last_of(call, l, d, 0);
      if (cell_ == Cell::kLstm) last[d].cell = last_of(call, l, d, 1);
    }
    const auto count = static_cast<size_t>(directions_);
    run_steps({recurrences, count}, sequences(call, starts), {last, count});
  }
  write_states(call);
}

void Recurrent::backward(const BackwardCall& call) const {
  const float* grad_out = call.grad_output(0).data;
  for (int l = static_cast<int>(layers_) - 1; l >= 0; --l) {
    backward_layer(call, l, grad_out);
    if (l == 0) break;
    float* inner = call.scratch(grad_inner_);
    if (drops(l)) drop(call, call.input().starts, l, inner, inner);
    grad_out = inner;
  }
}

void Recurrent::backward_layer(const BackwardCall& call, int layer, const float* grad_out) const {
  const int64_t* starts = call.input().starts;
  const float* input = input_of(call, layer);
  if (drops(layer)) {
    drop(call, starts, layer, input, call.scratch(backward_dropped_));
    input = call.scratch(backward_dropped_);
  }
  RecurrenceGradients parts[kMostDirections];
  for (int64_t d = 0; d < directions_; ++d) {
    Recurrence r = recurrence(call, input, call.out.data, layer, d);
    float* packed = call.scratch(backward_packed_) + d * packed_backward_floats(sizes(layer));
    pack_backward(sizes(layer), weights(call, parts_[part(layer, d)]), packed);
    r.packed = packed;
    parts[d] = gradients(call, r, grad_out, layer, d);
  }
  run_steps_backward({parts, static_cast<size_t>(directions_)}, sequences(call, starts));
  if (grad_start_ >= 0) add_start_gradient(call, layer);
  for (int64_t d = 0; d < directions_; ++d) {
    add_gradients(call, parts[d], layer, d);
    const bool is_input = layer == 0;
    float* to = is_input ? call.grad_input().data : call.scratch(grad_inner_);
    if (to == nullptr) continue;
    input_gradients(parts[d], call.input().batch, d > 0 || (is_input && call.adds()), to);
  }
}

RecurrenceGradients Recurrent::gradients(const BackwardCall& call, const Recurrence& of,
                                         const float* grad_out, int layer,
                                         int64_t direction) const {
  RecurrenceGradients g;
  g.of = of;
  if (grad_out != nullptr) g.out = grad_out + direction * hidden_;
  g.distance = width();
  if (is_top(layer)) {
    const auto of_output = [&](int k) -> BySequence<const float> {
      const ConstView& view = call.grad_output(k);
      if (!view) return {};
      return {view.data + direction * hidden_, width()};
    };
    g.last = of_output(last_output_);
    if (cell_ == Cell::kLstm) g.last_cell = of_output(cell_output_);
  }
  g.gates = call.scratch(grad_gates_) + direction * call.input().batch * gate_floats(of.sizes);
  g.carry = call.scratch(steps_carry_) + direction * call.batch * hidden_;
  if (grad_start_ >= 0) {
    float* start = call.scratch(grad_start_) + direction * hidden_;
    g.start = {start, 2 * width()};
    g.start_cell = {start + width(), 2 * width()};
  }
  return g;
}

void Recurrent::add_gradients(const BackwardCall& call, const RecurrenceGradients& g, int layer,
                              int64_t direction) const {
  const Part& p = parts_[part(layer, direction)];
  WeightGradients to;
  to.ih = call.gradient(p.weight_ih);
  to.hh = call.gradient(p.weight_hh);
  to.adds_ih = call.adds_parameter(p.weight_ih);
  to.adds_hh = call.adds_parameter(p.weight_hh);
  if (has_bias_) {
    to.bias_ih = call.gradient(p.bias_ih);
    to.bias_hh = call.gradient(p.bias_hh);
    to.adds_bias_ih = call.adds_parameter(p.bias_ih);
    to.adds_bias_hh = call.adds_parameter(p.bias_hh);
  }
  weight_gradients(g, sequences(call, call.input().starts), to, call.scratch(weight_sums_));
}

// Layers that begin with the same numbers add their gradients.
void Recurrent::add_start_gradient(const BackwardCall& call, int layer) const {
  for (int which = 0; which < 2; ++which) {
    const int input = which == 0 ? start_input_ : start_cell_input_;
    if (input < 0 || !call.grad_input(input)) continue;
    const View& to = call.grad_input(input);
    const bool is_own = to.shape.count() == layers_ * width();
    const bool add = call.adds(input) || (!is_own && !is_top(layer));
    for (int64_t n = 0; n < call.batch; ++n) {
      const float* from = call.scratch(grad_start_) + (2 * n + which) * width();
      float* sum = to.sample(n) + (is_own ? layer * width() : 0);
      for (int64_t i = 0; i < width(); ++i) sum[i] = from[i] + (add ? sum[i] : 0.0f);
    }
  }
}

}  // namespace cnn

// The steps of a recurrence, for any cell: each cell's file instantiates them.
#pragma once

#include <algorithm>

#include "kernels/recurrence/panel_product.h"
#include "kernels/recurrence/recurrence.h"

namespace cnn {

// What a cell reads and writes of one row, at `unit` and `count` - 1 more.
struct ForwardRow {
  float* gates;
  const float* before;       // h of the step before; null: 0
  const float* kept_before;  // lstm: c of the step before; null: 0
  float* kept;
  float* out;
};

struct BackwardRow {
  const float* gates;
  const float* before;
  const float* kept_before;
  const float* kept;
  const float* out;
  const float* grad_out;        // null: 0
  const float* grad_last;       // null unless this is the last step, and there is one
  const float* grad_last_cell;  // likewise
  bool is_last;                 // the carry is not there yet
  float* carry;
  float* grad_gates;
  float* grad_new;
};

// A vector's worth of numbers in memory, so that loops over them are vector code.
struct LaneArray {
  alignas(sizeof(WideVector)) float at[kPanelLanes];
  float& operator[](int64_t i) { return at[i]; }
  float operator[](int64_t i) const { return at[i]; }
};

// The first `count` numbers, others 0; all 0 if there are none.
inline LaneArray load_array(const float* from, int64_t count) {
  LaneArray a;
  const bool is_whole = count == kPanelLanes;
  store(a.at, from == nullptr ? WideVector{}
              : is_whole      ? load<WideVector>(from)
                              : load_first<WideVector>(from, count));
  return a;
}
inline void store_array(const LaneArray& a, int64_t count, float* to) {
  const auto v = load<WideVector>(a.at);
  count == kPanelLanes ? store(to, v) : store_first(to, v, count);
}

// The `size` sequences of sorted places `first` and on, together, step after step.
struct Group {
  const Sequences& sequences;
  int64_t first, size;

  int64_t sequence(int64_t r) const { return static_cast<int64_t>(sequences.order[first + r]); }
  int64_t length(int64_t r) const {
    const int64_t n = sequence(r);
    return sequences.starts[n + 1] - sequences.starts[n];
  }
  int64_t steps() const { return size > 0 ? length(0) : 0; }
  // The first so many have a step `step`.
  int64_t going_at(int64_t step) const {
    int64_t count = size;
    while (count > 0 && length(count - 1) <= step) --count;
    return count;
  }
  int64_t row(int64_t r, int64_t step, bool is_reverse) const {
    const int64_t n = sequence(r);
    return is_reverse ? sequences.starts[n + 1] - 1 - step : sequences.starts[n] + step;
  }
};

// Panels of a forward product: of a gated cell all gates of kPanelLanes units, else the units of
// kPanelVectors vectors.
template <class C>
inline constexpr int64_t kForwardUnits = (C::kGates == 1 ? kPanelVectors : 1) * kPanelLanes;
template <class C>
inline constexpr int kForwardVectors = C::kGates == 1 ? kPanelVectors : C::kGates;
inline constexpr int64_t kBackwardUnits = kPanelVectors * kPanelLanes;

inline int64_t panels_of(int64_t hidden, int64_t units) { return (hidden + units - 1) / units; }

// Step `step` of the group, for panels [begin, end) of the hidden units.
template <class C>
void step_forward(const Recurrence& r, const Group& group, int64_t step, int64_t begin,
                  int64_t end) {
  constexpr int kVectors = kForwardVectors<C>;
  constexpr int64_t kUnits = kForwardUnits<C>;
  const int64_t hidden = r.hidden, going = group.going_at(step);
  ForwardRow rows[kMostRowsAtOnce];
  const float* before[kMostRowsAtOnce];
  for (int64_t i = 0; i < going; ++i) {
    const int64_t row = group.row(i, step, r.is_reverse);
    ForwardRow& f = rows[i];
    f = {r.gates + row * C::kGates * hidden, nullptr, nullptr,
         C::kKeeps ? r.kept + row * hidden : nullptr, r.out + row * r.distance};
    if (step > 0) {
      const int64_t last = group.row(i, step - 1, r.is_reverse);
      f.before = r.out + last * r.distance;
      if (C::kKeeps) f.kept_before = r.kept + last * hidden;
    } else {
      const int64_t n = group.sequence(i);
      if (r.start) f.before = r.start.of(n);
      if (r.start_cell) f.kept_before = r.start_cell.of(n);
    }
    before[i] = f.before;
  }
  const bool has_before = step > 0 || r.start;
  PanelSums sums[kMostRowsAtOnce];
  for (int64_t panel = begin; panel < end; ++panel) {
    const int64_t unit = panel * kUnits, count = std::min(kUnits, hidden - unit);
    for (int64_t i = 0; i < going; ++i) C::begin(r, rows[i], unit, count, sums[i]);
    if (has_before) {
      add_panel_products<kVectors>(hidden, going, before,
                                   r.packed + panel * hidden * kVectors * kPanelLanes, sums);
    }
    for (int64_t i = 0; i < going; ++i) C::finish(r, rows[i], unit, count, sums[i]);
  }
}

// The gradients of a step's gates, from those of the step behind it. At step -1: of the start.
template <class C>
void step_backward(const RecurrenceGradients& g, const Group& group, int64_t step) {
  const Recurrence& r = g.of;
  const int64_t hidden = r.hidden, width = C::kGates * hidden;
  const int64_t going = step < 0 ? group.size : group.going_at(step);
  const int64_t linked = group.going_at(step + 1);  // those that have a step behind it
  BackwardRow rows[kMostRowsAtOnce];
  const float *behind[kMostRowsAtOnce], *behind_new[kMostRowsAtOnce];
  for (int64_t i = 0; i < going; ++i) {
    const int64_t n = group.sequence(i);
    BackwardRow& b = rows[i];
    b = {};
    b.is_last = i >= linked;
    b.carry = g.carry + n * hidden;
    if (b.is_last && g.last) b.grad_last = g.last.of(n);
    if (b.is_last && g.last_cell) b.grad_last_cell = g.last_cell.of(n);
    if (i < linked) {
      const int64_t row = group.row(i, step + 1, r.is_reverse);
      behind[i] = g.gates + row * width;
      if (C::kHasNew) behind_new[i] = g.hidden_new + row * hidden;
    }
    if (step < 0) continue;
    const int64_t row = group.row(i, step, r.is_reverse);
    b.gates = r.gates + row * width;
    b.out = r.out + row * r.distance;
    b.grad_gates = g.gates + row * width;
    if (g.out != nullptr) b.grad_out = g.out + row * g.distance;
    if (C::kKeeps) b.kept = r.kept + row * hidden;
    if (C::kHasNew) b.grad_new = g.hidden_new + row * hidden;
    if (step > 0) {
      const int64_t before = group.row(i, step - 1, r.is_reverse);
      b.before = r.out + before * r.distance;
      if (C::kKeeps) b.kept_before = r.kept + before * hidden;
    } else {
      if (r.start) b.before = r.start.of(n);
      if (r.start_cell) b.kept_before = r.start_cell.of(n);
    }
  }
  const int64_t panels = panels_of(hidden, kBackwardUnits);
  const int64_t direct = C::kHasNew ? (C::kGates - 1) * hidden : width;
  PanelSums sums[kMostRowsAtOnce];
  for (int64_t panel = 0; panel < panels; ++panel) {
    std::fill_n(&sums[0].lanes[0][0], going * kBackwardUnits, 0.0f);
    if (linked > 0) {
      const float* packed = r.packed + panel * width * kBackwardUnits;
      add_panel_products<kPanelVectors>(direct, linked, behind, packed, sums);
      if (C::kHasNew) {
        add_panel_products<kPanelVectors>(hidden, linked, behind_new,
                                          packed + direct * kBackwardUnits, sums);
      }
    }
    for (int64_t i = 0; i < going; ++i) {
      for (int64_t v = 0; v < kPanelVectors; ++v) {
        const int64_t unit = panel * kBackwardUnits + v * kPanelLanes;
        const int64_t count = std::min(kPanelLanes, hidden - unit);
        if (count <= 0) break;
        LaneArray h = load_array(sums[i].lanes[v], kPanelLanes);
        if (step >= 0) {
          C::backward(hidden, rows[i], unit, count, h);
          continue;
        }
        // The state before the first step.
        const int64_t n = group.sequence(i);
        LaneArray cell = C::start_gradient(rows[i], unit, count, h);
        if (g.start) store_array(h, count, g.start.of(n) + unit);
        if (g.start_cell) store_array(cell, count, g.start_cell.of(n) + unit);
      }
    }
  }
}

// The functions of one cell, for recurrence.cpp.
struct CellSteps {
  void (*forward)(const Recurrence&, const Group&, int64_t step, int64_t begin, int64_t end);
  void (*backward)(const RecurrenceGradients&, const Group&, int64_t step);
  int64_t forward_units;
};

template <class C>
inline constexpr CellSteps kCellSteps = {step_forward<C>, step_backward<C>, kForwardUnits<C>};

extern const CellSteps kTanhSteps, kReluSteps, kLstmSteps, kGruSteps;

}  // namespace cnn

// The steps of a recurrence, for any cell: each cell's file instantiates them.
#pragma once

#include <algorithm>

#include "kernels/recurrence/gate_panels.h"

namespace cnn {

// What a cell reads and writes of one row. `gates` is a row of a panel (gate_panels.h), the others
// begin at unit 0.
struct ForwardRow {
  float* gates;              // null: nobody reads them
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

// Whole vectors of a panel.
inline LaneArray load_slot(const float* panel, int slot) {
  return load_array(panel + slot * kPanelLanes, kPanelLanes);
}
inline void store_slot(const LaneArray& a, float* panel, int slot) {
  store_array(a, kPanelLanes, panel + slot * kPanelLanes);
}
inline const float* at(const float* row, int64_t unit) {
  return row == nullptr ? nullptr : row + unit;
}

inline constexpr int64_t kMostRowsAtOnce = 32;

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

// A cell is a struct C of constants and functions:
//   kKeeps     c is kept beside h
//   kInputs    vectors of the slots of the inputs; kHidden, kFirstHidden: of the hidden state
//   kUnits     vectors of units of a panel
//   finish     what follows the sums of one vector of units: gates, c, h
//   backward   the gradients of the gates of one vector of units, from that of h
//   start      the gradients of h and c before the first step

// What sequence i had before a step, into its row.
template <class C, class Row>
inline void find_before(const Recurrence& r, const Group& group, int64_t i, int64_t step,
                        Row& row) {
  if (step > 0) {
    const int64_t last = group.row(i, step - 1, r.is_reverse);
    row.before = r.out + last * r.distance;
    if (C::kKeeps) row.kept_before = r.kept + last * r.sizes.hidden;
  } else {
    const int64_t n = group.sequence(i);
    if (r.start) row.before = r.start.of(n);
    if (r.start_cell) row.kept_before = r.start_cell.of(n);
  }
}

// Step `step` of the group, for panels [begin, end).
template <class C>
void step_forward(const Recurrence& r, const Group& group, int64_t step, int64_t begin,
                  int64_t end) {
  const int64_t inputs = r.sizes.inputs, hidden = r.sizes.hidden;
  const int64_t going = group.going_at(step), all_rows = group.sequences.rows();
  ForwardRow rows[kMostRowsAtOnce];
  int64_t places[kMostRowsAtOnce];
  const float *in[kMostRowsAtOnce], *before[kMostRowsAtOnce];
  for (int64_t i = 0; i < going; ++i) {
    const int64_t row = group.row(i, step, r.is_reverse);
    places[i] = row;
    in[i] = r.in + row * inputs;
    ForwardRow& f = rows[i];
    f = {};
    f.out = r.out + row * r.distance;
    if (C::kKeeps) f.kept = r.kept + row * hidden;
    find_before<C>(r, group, i, step, f);
    before[i] = f.before;
  }
  const bool has_before = step > 0 || r.start;
  const int64_t size = kPanelWidth + (C::kInputs * inputs + C::kHidden * hidden) * kPanelLanes;
  PanelSums sums[kMostRowsAtOnce];
  for (int64_t panel = begin; panel < end; ++panel) {
    const float* packed = r.packed + panel * size;
    for (int64_t i = 0; i < going; ++i) {
      std::copy_n(packed, kPanelWidth, &sums[i].lanes[0][0]);
      if (r.gates != nullptr)
        rows[i].gates = r.gates + (panel * all_rows + places[i]) * kPanelWidth;
    }
    packed += kPanelWidth;
    add_panel_products<C::kInputs>(inputs, going, in, 0, packed, sums);
    if (has_before) {
      add_panel_products<C::kHidden>(hidden, going, before, 0,
                                     packed + C::kInputs * inputs * kPanelLanes, sums,
                                     C::kFirstHidden);
    }
    for (int v = 0; v < C::kUnits; ++v) {
      const int64_t unit = (panel * C::kUnits + v) * kPanelLanes;
      const int64_t count = std::min(kPanelLanes, hidden - unit);
      if (count <= 0) break;
      for (int64_t i = 0; i < going; ++i) C::finish(rows[i], unit, count, sums[i], v);
    }
  }
}

// sums[i] += the rows' gradients of gates (at `gates`, without the panel's place) times packed
// weights, whose pieces follow each other panel by panel.
template <int kSlots>
void add_gate_products(const GatePanels& panels, const Slots& slots, int64_t all_rows,
                       int64_t count, const float* const* gates, const float* packed,
                       PanelSums* sums) {
  constexpr int64_t kDepth = kSlots * kPanelLanes;
  for (int64_t p = 0; p < panels.count(); ++p) {
    add_panel_products<kPanelVectors>(kDepth, count, gates,
                                      p * all_rows * kPanelWidth + slots.first * kPanelLanes,
                                      packed + p * kDepth * kPanelWidth, sums);
  }
}

template <class C>
void write_start(const RecurrenceGradients& g, const BackwardRow& row, int64_t n, int64_t unit,
                 int64_t count, const float* sum) {
  if (count <= 0) return;
  LaneArray h = load_array(sum, kPanelLanes);
  const LaneArray cell = C::start(row, unit, count, h);
  if (g.start) store_array(h, count, g.start.of(n) + unit);
  if (g.start_cell) store_array(cell, count, g.start_cell.of(n) + unit);
}

// The gradients of a step's gates, from those of the step behind it. At step -1: of the start.
template <class C>
void step_backward(const RecurrenceGradients& g, const Group& group, int64_t step) {
  const Recurrence& r = g.of;
  const GatePanels panels{r.sizes};
  const int64_t hidden = r.sizes.hidden, all_rows = group.sequences.rows();
  const int64_t going = step < 0 ? group.size : group.going_at(step);
  const int64_t linked = group.going_at(step + 1);  // those that have a step behind it
  BackwardRow rows[kMostRowsAtOnce];
  int64_t places[kMostRowsAtOnce];
  const float* behind[kMostRowsAtOnce];
  for (int64_t i = 0; i < going; ++i) {
    const int64_t n = group.sequence(i);
    BackwardRow& b = rows[i];
    b = {};
    b.is_last = i >= linked;
    b.carry = g.carry + n * hidden;
    if (b.is_last && g.last) b.grad_last = g.last.of(n);
    if (b.is_last && g.last_cell) b.grad_last_cell = g.last_cell.of(n);
    if (i < linked) behind[i] = g.gates + group.row(i, step + 1, r.is_reverse) * kPanelWidth;
    if (step < 0) continue;
    const int64_t row = places[i] = group.row(i, step, r.is_reverse);
    b.out = r.out + row * r.distance;
    if (g.out != nullptr) b.grad_out = g.out + row * g.distance;
    if (C::kKeeps) b.kept = r.kept + row * hidden;
    find_before<C>(r, group, i, step, b);
  }
  const Slots slots = panels.of_hidden();
  const int64_t size = panels.count() * C::kHidden * kPanelLanes * kPanelWidth;
  PanelSums sums[kMostRowsAtOnce];
  for (int64_t first = 0; first < hidden; first += kPanelWidth) {
    std::fill_n(&sums[0].lanes[0][0], going * kPanelWidth, 0.0f);
    if (linked > 0) {
      add_gate_products<C::kHidden>(panels, slots, all_rows, linked, behind,
                                    r.packed + first / kPanelWidth * size, sums);
    }
    for (int v = 0; v < kPanelVectors; ++v) {
      const int64_t unit = first + v * kPanelLanes, count = std::min(kPanelLanes, hidden - unit);
      const int64_t panel = unit / panels.units(), vector = unit % panels.units();
      if (panel >= panels.count()) break;
      for (int64_t i = 0; i < going; ++i) {
        if (step < 0) {
          write_start<C>(g, rows[i], group.sequence(i), unit, count, sums[i].lanes[v]);
          continue;
        }
        const int64_t place = (panel * all_rows + places[i]) * kPanelWidth + vector;
        if (r.gates != nullptr) rows[i].gates = r.gates + place;
        rows[i].grad_gates = g.gates + place;
        if (count > 0) {
          C::backward(rows[i], unit, count, load_array(sums[i].lanes[v], kPanelLanes));
        } else {
          store_slot(LaneArray{}, rows[i].grad_gates, 0);  // a vector of the panel without units
        }
      }
    }
  }
}

// The functions of one cell, for recurrence.cpp.
struct CellSteps {
  void (*forward)(const Recurrence&, const Group&, int64_t step, int64_t begin, int64_t end);
  void (*backward)(const RecurrenceGradients&, const Group&, int64_t step);
};

template <class C>
inline constexpr CellSteps kCellSteps = {step_forward<C>, step_backward<C>};

extern const CellSteps kTanhSteps, kReluSteps, kLstmSteps, kGruSteps;

}  // namespace cnn

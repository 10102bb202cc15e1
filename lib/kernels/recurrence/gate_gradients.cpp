// What follows from the gradients of the gates: those of inputs, weights and biases.
#include <array>

#include "base/parallel.h"
#include "kernels/recurrence/steps.h"

namespace cnn {
namespace {

constexpr int64_t kRowsAtOnce = 96;  // of one panel they fit into a first-level cache

// Rows of a sum over k: factors[k] and the gates' gradients at columns[k].
struct RowList {
  std::array<const float*, kRowsAtOnce> factors, columns;
  int64_t count = 0;
};

template <int kVectors>
void add_rows(const RowList& list, int64_t units, PanelSums* sums) {
  add_outer_products<kVectors>(list.count, units, list.factors.data(), list.columns.data(), sums);
}

// visit(row, what h was before it) for all rows, in order; null: nothing was.
template <class Visit>
void for_each_before(const Recurrence& r, const Sequences& sequences, Visit&& visit) {
  for (int64_t n = 0; n < sequences.count; ++n) {
    const int64_t begin = sequences.starts[n], end = sequences.starts[n + 1];
    for (int64_t row = begin; row < end; ++row) {
      const int64_t from = r.is_reverse ? row + 1 : row - 1;
      const bool is_first = from < begin || from >= end;
      visit(row, !is_first ? r.out + from * r.distance : r.start ? r.start.of(n) : nullptr);
    }
  }
}

// sums[unit] of one panel, over all rows: of inputs, or of the hidden state before.
void sum_panel(const RecurrenceGradients& g, const Sequences& sequences, const Slots& slots,
               int64_t panel, bool is_hidden, PanelSums* sums) {
  const Recurrence& r = g.of;
  const int64_t units = is_hidden ? r.sizes.hidden : r.sizes.inputs;
  const float* gates = g.gates + panel * sequences.rows() * kPanelWidth + slots.first * kPanelLanes;
  std::fill_n(&sums[0].lanes[0][0], units * kPanelWidth, 0.0f);
  RowList list;
  const auto flush = [&] {
    slots.count == 3 ? add_rows<3>(list, units, sums) : add_rows<4>(list, units, sums);
    list.count = 0;
  };
  const auto add = [&](int64_t row, const float* factors) {
    if (factors == nullptr) return;
    const auto k = static_cast<size_t>(list.count++);
    list.factors[k] = factors;
    list.columns[k] = gates + row * kPanelWidth;
    if (list.count == kRowsAtOnce) flush();
  };
  if (is_hidden) {
    for_each_before(r, sequences, add);
  } else {
    for (int64_t row = 0; row < sequences.rows(); ++row) add(row, r.in + row * r.sizes.inputs);
  }
  if (list.count > 0) flush();
}

// The sums of a panel into the rows of the weight that it stands for.
void write_panel(const GatePanels& panels, const Slots& slots, int64_t panel, int64_t units,
                 const PanelSums* sums, bool add, float* weight) {
  for (int v = 0; v < slots.count; ++v) {
    const GatePanels::Rows rows = panels.rows(slots, panel, v);
    for (int64_t lane = 0; lane < rows.count; ++lane) {
      float* to = weight + (rows.first + lane) * units;
      for (int64_t u = 0; u < units; ++u) to[u] = sums[u].lanes[v][lane] + (add ? to[u] : 0.0f);
    }
  }
}

// Sums of rows in pieces, so that few are added to much.
void sum_rows(const float* gates, int64_t rows, PanelSums& sum) {
  sum = {};
  for (int64_t first = 0; first < rows; first += kRowsAtOnce) {
    const int64_t end = std::min(rows, first + kRowsAtOnce);
    PanelSums piece{};
    float* to = &piece.lanes[0][0];
    for (int64_t row = first; row < end; ++row) {
      const float* from = gates + row * kPanelWidth;
      for (int64_t i = 0; i < kPanelWidth; ++i) to[i] += from[i];
    }
    for (int64_t i = 0; i < kPanelWidth; ++i) (&sum.lanes[0][0])[i] += to[i];
  }
}

void write_biases(const GatePanels& panels, const Slots& slots, int64_t panel, const PanelSums& sum,
                  bool add, float* bias) {
  if (bias == nullptr) return;
  for (int v = 0; v < slots.count; ++v) {
    const GatePanels::Rows rows = panels.rows(slots, panel, v);
    for (int64_t lane = 0; lane < rows.count; ++lane) {
      float& to = bias[rows.first + lane];
      to = sum.lanes[slots.first + v][lane] + (add ? to : 0.0f);
    }
  }
}

}  // namespace

void input_gradients(const RecurrenceGradients& gradients, int64_t rows, bool add, float* to) {
  const CellSizes& sizes = gradients.of.sizes;
  const GatePanels panels{sizes};
  const Slots slots = panels.of_inputs();
  const int64_t size = panels.count() * slots.depth() * kPanelWidth;  // of a panel of inputs
  const float* packed = gradients.of.packed + packed_backward_floats(sizes) -
                        (sizes.inputs + kPanelWidth - 1) / kPanelWidth * size;
  const int64_t blocks = chunk_count(rows, kMostRowsAtOnce);
  parallel_for(blocks, grain_for(blocks, kMostRowsAtOnce * sizes.inputs * sizes.hidden),
               [&](int64_t begin, int64_t end) {
                 for (int64_t block = begin; block < end; ++block) {
                   const int64_t first_row = block * kMostRowsAtOnce;
                   const int64_t count = std::min(kMostRowsAtOnce, rows - first_row);
                   const float* gates[kMostRowsAtOnce];
                   for (int64_t i = 0; i < count; ++i) {
                     gates[i] = gradients.gates + (first_row + i) * kPanelWidth;
                   }
                   PanelSums sums[kMostRowsAtOnce];
                   for (int64_t first = 0; first < sizes.inputs; first += kPanelWidth) {
                     std::fill_n(&sums[0].lanes[0][0], count * kPanelWidth, 0.0f);
                     const float* weights = packed + first / kPanelWidth * size;
                     slots.count == 3
                         ? add_gate_products<3>(panels, slots, rows, count, gates, weights, sums)
                         : add_gate_products<4>(panels, slots, rows, count, gates, weights, sums);
                     const int64_t width = std::min(kPanelWidth, sizes.inputs - first);
                     for (int64_t i = 0; i < count; ++i) {
                       const float* from = &sums[i].lanes[0][0];
                       float* row = to + (first_row + i) * sizes.inputs + first;
                       for (int64_t c = 0; c < width; ++c) row[c] = from[c] + (add ? row[c] : 0.0f);
                     }
                   }
                 }
               });
}

int64_t weight_gradient_scratch(const CellSizes& sizes) {
  return std::max(sizes.inputs, sizes.hidden) * kPanelWidth + kPanelLanes;
}

void weight_gradients(const RecurrenceGradients& gradients, const Sequences& sequences,
                      const WeightGradients& to, float* scratch) {
  const CellSizes& sizes = gradients.of.sizes;
  const GatePanels panels{sizes};
  const Slots of_inputs = panels.of_inputs(), of_hidden = panels.of_hidden();
  const int64_t size = weight_gradient_scratch(sizes), rows = sequences.rows();
  parallel_for(panels.count(), 1, [&](int64_t begin, int64_t end, int worker) {
    // The memory's own place may be any.
    const auto address = reinterpret_cast<uintptr_t>(scratch + worker * size);
    constexpr uintptr_t kUnit = sizeof(WideVector);
    auto* sums = reinterpret_cast<PanelSums*>((address + kUnit - 1) / kUnit * kUnit);
    for (int64_t p = begin; p < end; ++p) {
      if (to.ih != nullptr) {
        sum_panel(gradients, sequences, of_inputs, p, false, sums);
        write_panel(panels, of_inputs, p, sizes.inputs, sums, to.adds_ih, to.ih);
      }
      if (to.hh != nullptr) {
        sum_panel(gradients, sequences, of_hidden, p, true, sums);
        write_panel(panels, of_hidden, p, sizes.hidden, sums, to.adds_hh, to.hh);
      }
      if (to.bias_ih == nullptr && to.bias_hh == nullptr) continue;
      PanelSums sum;
      sum_rows(gradients.gates + p * rows * kPanelWidth, rows, sum);
      write_biases(panels, of_inputs, p, sum, to.adds_bias_ih, to.bias_ih);
      write_biases(panels, of_hidden, p, sum, to.adds_bias_hh, to.bias_hh);
    }
  });
}

}  // namespace cnn

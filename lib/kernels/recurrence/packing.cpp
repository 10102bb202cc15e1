// Weights as the steps read them. Forward: for each panel of gates its biases, then for each input
// and for each hidden unit the panel's vectors. Backward: for each panel of kPanelWidth hidden
// units, then of inputs, for each panel of gates, for each of its numbers, the weights to them.
#include "base/parallel.h"
#include "kernels/recurrence/gate_panels.h"

namespace cnn {
namespace {

int64_t wide_panels(int64_t count) { return (count + kPanelWidth - 1) / kPanelWidth; }

// [depth, slots.count * kPanelLanes] of one panel: columns of the weight become rows.
void pack_columns(const GatePanels& panels, const Slots& slots, int64_t panel, const float* weight,
                  int64_t depth, float* packed) {
  for (int v = 0; v < slots.count; ++v) {
    const GatePanels::Rows rows = panels.rows(slots, panel, v);
    for (int64_t lane = 0; lane < kPanelLanes; ++lane) {
      const bool is_there = lane < rows.count;
      const float* from = weight + (rows.first + (is_there ? lane : 0)) * depth;
      float* to = packed + v * kPanelLanes + lane;
      for (int64_t k = 0; k < depth; ++k) to[k * slots.depth()] = is_there ? from[k] : 0.0f;
    }
  }
}

void pack_biases(const GatePanels& panels, int64_t panel, const CellWeights& weights,
                 float* packed) {
  std::fill_n(packed, kPanelWidth, 0.0f);
  if (weights.bias_ih == nullptr) return;
  const auto add = [&](const Slots& slots, const float* bias) {
    for (int v = 0; v < slots.count; ++v) {
      const GatePanels::Rows rows = panels.rows(slots, panel, v);
      float* to = packed + (slots.first + v) * kPanelLanes;
      for (int64_t lane = 0; lane < rows.count; ++lane) to[lane] += bias[rows.first + lane];
    }
  };
  add(panels.of_inputs(), weights.bias_ih);
  add(panels.of_hidden(), weights.bias_hh);
}

// Columns [first, first + kPanelWidth) of the weight's rows, in the order of the gates' panels.
void pack_rows(const GatePanels& panels, const Slots& slots, int64_t first, const float* weight,
               int64_t columns, float* packed) {
  const int64_t count = std::min(kPanelWidth, columns - first);
  for (int64_t panel = 0; panel < panels.count(); ++panel) {
    for (int v = 0; v < slots.count; ++v) {
      const GatePanels::Rows rows = panels.rows(slots, panel, v);
      for (int64_t lane = 0; lane < kPanelLanes; ++lane, packed += kPanelWidth) {
        const int64_t there = lane < rows.count ? count : 0;
        if (there > 0) std::copy_n(weight + (rows.first + lane) * columns + first, there, packed);
        std::fill(packed + there, packed + kPanelWidth, 0.0f);
      }
    }
  }
}

}  // namespace

int64_t gate_floats(const CellSizes& sizes) { return GatePanels{sizes}.count() * kPanelWidth; }

int64_t packed_forward_floats(const CellSizes& sizes) {
  const GatePanels panels{sizes};
  return panels.count() * (kPanelWidth + sizes.inputs * panels.of_inputs().depth() +
                           sizes.hidden * panels.of_hidden().depth());
}

int64_t packed_backward_floats(const CellSizes& sizes) {
  const GatePanels panels{sizes};
  return panels.count() * kPanelWidth *
         (wide_panels(sizes.hidden) * panels.of_hidden().depth() +
          wide_panels(sizes.inputs) * panels.of_inputs().depth());
}

void pack_forward(const CellSizes& sizes, const CellWeights& weights, float* packed) {
  const GatePanels panels{sizes};
  const int64_t size = packed_forward_floats(sizes) / panels.count();
  parallel_for(panels.count(), grain_for(panels.count(), 4 * size),
               [&](int64_t begin, int64_t end) {
                 for (int64_t p = begin; p < end; ++p) {
                   float* to = packed + p * size;
                   pack_biases(panels, p, weights, to);
                   to += kPanelWidth;
                   pack_columns(panels, panels.of_inputs(), p, weights.ih, sizes.inputs, to);
                   to += sizes.inputs * panels.of_inputs().depth();
                   pack_columns(panels, panels.of_hidden(), p, weights.hh, sizes.hidden, to);
                 }
               });
}

void pack_backward(const CellSizes& sizes, const CellWeights& weights, float* packed) {
  const GatePanels panels{sizes};
  const int64_t hidden = wide_panels(sizes.hidden), all = hidden + wide_panels(sizes.inputs);
  const int64_t of_hidden = panels.count() * panels.of_hidden().depth() * kPanelWidth;
  const int64_t of_inputs = panels.count() * panels.of_inputs().depth() * kPanelWidth;
  parallel_for(all, grain_for(all, of_hidden), [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      if (p < hidden) {
        pack_rows(panels, panels.of_hidden(), p * kPanelWidth, weights.hh, sizes.hidden,
                  packed + p * of_hidden);
      } else {
        pack_rows(panels, panels.of_inputs(), (p - hidden) * kPanelWidth, weights.ih, sizes.inputs,
                  packed + hidden * of_hidden + (p - hidden) * of_inputs);
      }
    }
  });
}

}  // namespace cnn

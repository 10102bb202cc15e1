// How the gates of a layer lie in memory: in panels of kPanelVectors vectors, each panel with all
// rows one behind the other. Of a gated cell a panel has kPanelLanes units, a vector (a slot) a
// gate; of a plain one the units of all its vectors.
//
// The gru has its last gate twice: slot 0 is what inputs add to it, slot 3 what h' adds; so slots 0
// to 2 belong to W_ih, 1 to 3 to W_hh.
#pragma once

#include <algorithm>

#include "kernels/recurrence/panel_product.h"
#include "kernels/recurrence/recurrence.h"

namespace cnn {

// The slots of a panel that belong to one of the two weights.
struct Slots {
  int first = 0, count = kPanelVectors;
  int gates[kPanelVectors] = {0, 1, 2, 3};  // of the slots from `first` on; a plain cell has one

  int64_t depth() const { return count * kPanelLanes; }
};

struct GatePanels {
  CellSizes sizes;

  bool is_plain() const { return sizes.gates() == 1; }
  int64_t units() const { return is_plain() ? kPanelWidth : kPanelLanes; }  // of a panel
  int64_t count() const { return (sizes.hidden + units() - 1) / units(); }
  Slots of_inputs() const { return sizes.cell == Cell::kGru ? Slots{0, 3, {2, 0, 1}} : Slots{}; }
  Slots of_hidden() const { return sizes.cell == Cell::kGru ? Slots{1, 3, {0, 1, 2}} : Slots{}; }
  // The first row of the weights that vector `v` of the slots stands for, and how many follow it.
  struct Rows {
    int64_t first = 0, count = 0;
  };
  Rows rows(const Slots& slots, int64_t panel, int v) const {
    const int64_t unit = panel * units() + (is_plain() ? v * kPanelLanes : 0);
    const int64_t gate = is_plain() ? 0 : slots.gates[v];
    return {gate * sizes.hidden + unit, std::clamp<int64_t>(sizes.hidden - unit, 0, kPanelLanes)};
  }
};

}  // namespace cnn

#include "kernels/recurrence/recurrence.h"

#include <algorithm>
#include <numeric>

#include "base/parallel.h"
#include "kernels/recurrence/steps.h"

namespace cnn {
namespace {

const CellSteps& steps_of(Cell cell) {
  switch (cell) {
    case Cell::kTanh:
      return kTanhSteps;
    case Cell::kRelu:
      return kReluSteps;
    case Cell::kLstm:
      return kLstmSteps;
    case Cell::kGru:
      return kGruSteps;
  }
  return kTanhSteps;
}

int64_t forward_vectors(Cell cell) { return gates_of(cell) == 1 ? kPanelVectors : gates_of(cell); }

// Sequences go through the steps in groups: large enough that weights are read for many rows at
// once, and several where there are sequences for them.
int64_t group_count(int64_t sequences) {
  const int64_t fewest = (sequences + kMostRowsAtOnce - 1) / kMostRowsAtOnce;
  return std::max(fewest, std::min<int64_t>(4, sequences / 4));
}

Group group_at(const Sequences& s, int64_t groups, int64_t i) {
  const int64_t first = s.count * i / groups;
  return {s, first, s.count * (i + 1) / groups - first};
}

void write_last(const Recurrence& r, const LastStates& last, const Group& group) {
  for (int64_t i = 0; i < group.size; ++i) {
    const int64_t n = group.sequence(i), length = group.length(i);
    const int64_t row = length > 0 ? group.row(i, length - 1, r.is_reverse) : 0;
    const auto put = [&](const BySequence<float>& to, const float* of_row,
                         const BySequence<const float>& before) {
      if (!to) return;
      const float* from = length > 0 ? of_row : before ? before.of(n) : nullptr;
      if (from == nullptr) {
        std::fill_n(to.of(n), r.hidden, 0.0f);
      } else {
        std::copy_n(from, r.hidden, to.of(n));
      }
    };
    put(last.h, r.out + row * r.distance, r.start);
    if (r.cell == Cell::kLstm) put(last.cell, r.kept + row * r.hidden, r.start_cell);
  }
}

}  // namespace

int64_t packed_forward_floats(Cell cell, int64_t hidden) {
  return panels_of(hidden, steps_of(cell).forward_units) * hidden * forward_vectors(cell) *
         kPanelLanes;
}

int64_t packed_backward_floats(Cell cell, int64_t hidden) {
  return panels_of(hidden, kBackwardUnits) * gates_of(cell) * hidden * kBackwardUnits;
}

void pack_forward(Cell cell, int64_t hidden, const float* weight, float* packed) {
  const int64_t gates = gates_of(cell), vectors = forward_vectors(cell);
  const int64_t panels = panels_of(hidden, steps_of(cell).forward_units);
  const int64_t size = hidden * vectors * kPanelLanes;  // of a panel
  parallel_for(panels, grain_for(panels, 4 * size), [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      for (int64_t column = 0; column < vectors * kPanelLanes; ++column) {
        const int64_t v = column / kPanelLanes, lane = column % kPanelLanes;
        const int64_t unit = gates == 1 ? p * kBackwardUnits + column : p * kPanelLanes + lane;
        const int64_t gate = gates == 1 ? 0 : v;
        const float* from = unit < hidden ? weight + (gate * hidden + unit) * hidden : nullptr;
        float* to = packed + p * size + column;
        for (int64_t k = 0; k < hidden; ++k) {
          to[k * vectors * kPanelLanes] = from == nullptr ? 0.0f : from[k];
        }
      }
    }
  });
}

void pack_backward(Cell cell, int64_t hidden, const float* weight, float* packed) {
  const int64_t depth = gates_of(cell) * hidden, panels = panels_of(hidden, kBackwardUnits);
  parallel_for(panels, grain_for(panels, depth * kBackwardUnits), [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      const int64_t unit = p * kBackwardUnits, count = std::min(kBackwardUnits, hidden - unit);
      for (int64_t k = 0; k < depth; ++k) {
        float* to = packed + (p * depth + k) * kBackwardUnits;
        std::copy_n(weight + k * hidden + unit, count, to);
        std::fill(to + count, to + kBackwardUnits, 0.0f);
      }
    }
  });
}

void order_by_length(int64_t count, const int64_t* starts, float* order) {
  std::iota(order, order + count, 0.0f);
  std::sort(order, order + count, [=](float a, float b) {
    const auto length = [=](float n) {
      const auto i = static_cast<int64_t>(n);
      return starts[i + 1] - starts[i];
    };
    return length(a) != length(b) ? length(a) > length(b) : a < b;
  });
}

void run_steps(std::span<const Recurrence> recurrences, const Sequences& sequences,
               std::span<const LastStates> last) {
  const auto directions = static_cast<int64_t>(recurrences.size());
  const int64_t groups = group_count(sequences.count);
  if (directions * groups == 1) {
    // Too few sequences to share: the threads share the units of each step instead.
    const Recurrence& r = recurrences[0];
    const Group group = group_at(sequences, 1, 0);
    const CellSteps& cell = steps_of(r.cell);
    const int64_t panels = panels_of(r.hidden, cell.forward_units);
    const int64_t cost = group.size * forward_vectors(r.cell) * kPanelLanes * r.hidden;
    const int64_t grain = grain_for(panels, cost, 8);
    for (int64_t step = 0; step < group.steps(); ++step) {
      parallel_for(panels, grain,
                   [&](int64_t begin, int64_t end) { cell.forward(r, group, step, begin, end); });
    }
    write_last(r, last[0], group);
    return;
  }
  parallel_for(directions * groups, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Recurrence& r = recurrences[static_cast<size_t>(i % directions)];
      const Group group = group_at(sequences, groups, i / directions);
      const CellSteps& cell = steps_of(r.cell);
      const int64_t panels = panels_of(r.hidden, cell.forward_units);
      for (int64_t step = 0; step < group.steps(); ++step) {
        cell.forward(r, group, step, 0, panels);
      }
      write_last(r, last[static_cast<size_t>(i % directions)], group);
    }
  });
}

void run_steps_backward(std::span<const RecurrenceGradients> recurrences,
                        const Sequences& sequences) {
  const auto directions = static_cast<int64_t>(recurrences.size());
  const int64_t groups = group_count(sequences.count);
  parallel_for(directions * groups, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const RecurrenceGradients& g = recurrences[static_cast<size_t>(i % directions)];
      const Group group = group_at(sequences, groups, i / directions);
      const CellSteps& cell = steps_of(g.of.cell);
      for (int64_t step = group.steps() - 1; step >= 0; --step) cell.backward(g, group, step);
      if (g.start || g.start_cell) cell.backward(g, group, -1);
    }
  });
}

}  // namespace cnn

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

// Sequences go through the steps in groups: one a thread where there are enough of them, as weights
// are read once for all rows of a group. Groups decide nothing else: a sequence has the same bits
// in any of them, so their number may follow that of the threads.
int64_t group_count(int64_t sequences) {
  const int64_t fewest = (sequences + kMostRowsAtOnce - 1) / kMostRowsAtOnce;
  return std::max(fewest, std::min<int64_t>(threads(), sequences / 4));
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
        std::fill_n(to.of(n), r.sizes.hidden, 0.0f);
      } else {
        std::copy_n(from, r.sizes.hidden, to.of(n));
      }
    };
    put(last.h, r.out + row * r.distance, r.start);
    if (r.sizes.cell == Cell::kLstm) put(last.cell, r.kept + row * r.sizes.hidden, r.start_cell);
  }
}

}  // namespace

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
    const CellSteps& cell = steps_of(r.sizes.cell);
    const int64_t panels = GatePanels{r.sizes}.count();
    const int64_t cost = group.size * kPanelWidth * (r.sizes.inputs + r.sizes.hidden);
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
      const CellSteps& cell = steps_of(r.sizes.cell);
      const int64_t panels = GatePanels{r.sizes}.count();
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
      const CellSteps& cell = steps_of(g.of.sizes.cell);
      for (int64_t step = group.steps() - 1; step >= 0; --step) cell.backward(g, group, step);
      if (g.start || g.start_cell) cell.backward(g, group, -1);
    }
  });
}

}  // namespace cnn

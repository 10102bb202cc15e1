// The drawing on its side.

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "viz/network/forms.h"
#include "viz/network/grid.h"
#include "viz/network/routes.h"

namespace cnn {
namespace {

constexpr double kColumnGap = 26, kLaneGap = 16, kStripGap = 46;
constexpr double kTurn = 18;  // of the line from strip to strip, beside the boxes
constexpr int kMostLengths = 100;

// Rows are steps from left to right here.
class Strips {
 public:
  Strips(const NetworkLayout& layout, const std::vector<LayoutBlock>& blocks)
      : layout_(layout), blocks_(blocks), source_(static_cast<size_t>(layout.rows), -1) {
    std::vector<std::set<int>> passing(source_.size());
    for (const LayoutBox& box : layout.boxes) {
      for (const int input : box.inputs) {
        for (int row = layout.boxes[static_cast<size_t>(input)].row; row < box.row; ++row) {
          passing[static_cast<size_t>(row)].insert(input);
        }
      }
    }
    for (size_t row = 0; row < passing.size(); ++row) {
      if (passing[row].size() != 1) continue;
      const int box = *passing[row].begin();
      // The line begins at the strip's end.
      if (layout.boxes[static_cast<size_t>(box)].row == static_cast<int>(row)) source_[row] = box;
    }
    for (const LayoutBlock& block : blocks) {
      int first = layout.rows, last = 0;
      for (const size_t box : block.boxes) {
        first = std::min(first, layout.boxes[box].row);
        last = std::max(last, layout.boxes[box].row);
      }
      spans_.emplace_back(first, last);
    }
  }

  // The strips' last rows, so that none is longer than `most` rows if that can be; or a little
  // shorter if no block is cut there.
  std::vector<int> cuts(int most, bool spares_blocks) const {
    std::vector<int> ends;
    int first = 0;
    while (first + most < layout_.rows) {
      // Not within a block if there is another place nearby.
      int best = -1, fewest = 0;
      for (int row = first + most - 1; row >= first; --row) {
        if (source_[static_cast<size_t>(row)] < 0) continue;
        const int opened = spares_blocks ? blocks_cut(row) : 0;
        if (best < 0 || (opened < fewest && row - first + 1 >= 0.6 * most)) {
          best = row;
          fewest = opened;
        }
      }
      for (int row = first + most; best < 0 && row < layout_.rows - 1; ++row) {
        if (source_[static_cast<size_t>(row)] >= 0) best = row;
      }
      if (best < 0) break;
      ends.push_back(best);
      first = best + 1;
    }
    ends.push_back(layout_.rows - 1);
    return ends;
  }

  // The box whose value goes on behind a strip's last row.
  size_t source(int last_row) const {
    const int box = source_[static_cast<size_t>(last_row)];
    CNN_ASSERT(box >= 0);
    return static_cast<size_t>(box);
  }

  // How many blocks an end behind this row cuts, those twice of which one row is cut off.
  int blocks_cut(int row) const {
    int cut = 0;
    for (const auto& [first, last] : spans_) {
      if (first <= row && row < last) cut += first == row || row + 1 == last ? 2 : 1;
    }
    return cut;
  }

 private:
  const NetworkLayout& layout_;
  const std::vector<LayoutBlock>& blocks_;
  std::vector<int> source_;  // of each row: the box whose value alone passes behind it; -1
  std::vector<std::pair<int, int>> spans_;  // rows of the blocks
};

void move(NetworkLayout& layout, const std::vector<GridCell>& cells, size_t groups, size_t routes,
          Point by) {
  for (const GridCell& cell : cells) {
    layout.boxes[cell.box].x += by.x;
    layout.boxes[cell.box].y += by.y;
  }
  for (size_t i = groups; i < layout.groups.size(); ++i) {
    layout.groups[i].x += by.x;
    layout.groups[i].y += by.y;
  }
  for (size_t i = routes; i < layout.routes.size(); ++i) {
    for (Point& p : layout.routes[i].points) p = {p.x + by.x, p.y + by.y};
  }
}

// The line from the end of one strip to the beginning of the next.
struct Turn {
  size_t source;
  double right;  // of the strip that it leaves
};

void place_strip(NetworkLayout& layout, const std::vector<LayoutBlock>& blocks, int first, int last,
                 std::optional<Turn> turn, bool has_margin, double& right_end) {
  std::vector<GridCell> cells;
  std::vector<StepRouter::Step> steps;
  const std::vector<char> passed = passed_boxes(layout.boxes);
  for (size_t i = 0; i < layout.boxes.size(); ++i) {
    const LayoutBox& box = layout.boxes[i];
    if (box.row < first || box.row > last) continue;
    cells.push_back({i, box.lane, box.row - first});
    cells.back().below = passed[i] != 0 ? kLineRoom : 0;
    steps.push_back({i, box.row});
  }
  const size_t groups = layout.groups.size(), routes = layout.routes.size();
  const double left = has_margin ? kTurn + kColumnGap : 0;
  const Grid grid = place_on_grid(layout, cells, blocks, {kLaneGap, kColumnGap});
  StepRouter router(layout, StepRouter::Flow::kRight, steps);
  std::vector<size_t> entering;
  for (const GridCell& cell : cells) {
    for (const int input : layout.boxes[cell.box].inputs) {
      const auto from = static_cast<size_t>(input);
      if (layout.boxes[from].row >= first) {
        router.connect(from, cell.box);
      } else {
        entering.push_back(cell.box);
      }
    }
  }
  const double top = layout.height + (turn ? kStripGap : 0);
  if (turn) {
    // In the strip's own coordinates, as its boxes are still.
    CNN_ASSERT(!entering.empty());
    const LayoutBox& source = layout.boxes[turn->source];
    const LayoutBox& target = layout.boxes[entering.front()];
    const double down = source.y + source.height / 2 - top;
    const double in = target.y + target.height / 2, out = -left + kTurn / 2;
    const Point entry{out + 8, in};
    const std::vector<Point> trunk = Way({source.x + source.width - left, down})
                                         .along({{turn->right + kTurn - left, down},
                                                 {turn->right + kTurn - left, -kStripGap / 2},
                                                 {out, -kStripGap / 2},
                                                 {out, in}},
                                                entry)
                                         .take();
    for (size_t i = 0; i < entering.size(); ++i) {
      router.enter(entry, turn->source, entering[i], i == 0 ? trunk : std::vector<Point>());
    }
  }
  move(layout, cells, groups, routes, {left, top});
  layout.height = top + std::max(grid.height, router.reach() + 10);
  right_end = left + grid.width;
  layout.width = std::max(layout.width, right_end);
}

void place_strips(NetworkLayout& layout, const std::vector<LayoutBlock>& blocks,
                  const Strips& strips, const std::vector<int>& ends) {
  layout.groups.clear();
  layout.routes.clear();
  layout.width = layout.height = 0;
  int first = 0;
  double right = 0;
  for (size_t i = 0; i < ends.size(); ++i) {
    std::optional<Turn> turn;
    if (i > 0) turn = Turn{strips.source(ends[i - 1]), right};
    place_strip(layout, blocks, first, ends[i], turn, ends.size() > 1, right);
    first = ends[i] + 1;
  }
  if (ends.size() > 1) layout.width += kTurn + 2;
}

}  // namespace

void place_across(NetworkLayout& layout, const std::vector<LayoutBlock>& blocks) {
  const Strips strips(layout, blocks);
  std::vector<int> best;
  double least = INFINITY;
  // Every length of strips, but for very long networks, and each with blocks cut and spared.
  const int most = std::min(layout.rows, kMostLengths);
  for (int i = 2; i < 2 * most + 2; ++i) {
    const int length = (layout.rows * (i / 2) + most - 1) / most;
    const std::vector<int> ends = strips.cuts(length, i % 2 == 0);
    place_strips(layout, blocks, strips, ends);
    int cut = 0;
    for (size_t i = 0; i + 1 < ends.size(); ++i) cut += strips.blocks_cut(ends[i]);
    // The last box alone in its strip looks forgotten.
    const bool is_left_over = ends.size() > 1 && ends[ends.size() - 2] + 2 == layout.rows;
    const double penalty = distance_from_slide(layout) + 0.1 * cut + (is_left_over ? 0.3 : 0);
    if (penalty < least) {
      least = penalty;
      best = ends;
    }
  }
  place_strips(layout, blocks, strips, best);
}

}  // namespace cnn

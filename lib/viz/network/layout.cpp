#include "viz/network/layout.h"

#include <algorithm>
#include <climits>
#include <cmath>
#include <set>

#include "base/error.h"
#include "viz/network/boxes.h"
#include "viz/network/forms.h"
#include "viz/network/grid.h"
#include "viz/network/routes.h"

namespace cnn {
namespace {

constexpr int kMostRows = 48;
constexpr double kLevelStep = 24, kRowGap = 22, kLaneGap = 18;

int assign_rows(std::vector<LayoutBox>& boxes) {
  int rows = 0;
  for (LayoutBox& box : boxes) {
    box.row = 0;
    for (const int input : box.inputs) {
      box.row = std::max(box.row, boxes[static_cast<size_t>(input)].row + 1);
    }
    rows = std::max(rows, box.row + 1);
  }
  return rows;
}

// The first of several readers goes on in its input's lane, a join in the leftmost of its inputs'
// lanes, others in the first lane that is free. The end of a branch keeps its lane down to the
// join.
void assign_lanes(std::vector<LayoutBox>& boxes) {
  std::vector<int> nearest_reader(boxes.size(), 0);
  for (const LayoutBox& box : boxes) {
    for (const int input : box.inputs) {
      int& row = nearest_reader[static_cast<size_t>(input)];
      row = row == 0 ? box.row : std::min(row, box.row);
    }
  }
  std::set<std::pair<int, int>> taken;  // lane and row
  for (size_t i = 0; i < boxes.size(); ++i) {
    LayoutBox& box = boxes[i];
    int lane = box.inputs.empty() ? 0 : INT_MAX;
    for (const int input : box.inputs) {
      lane = std::min(lane, boxes[static_cast<size_t>(input)].lane);
    }
    while (taken.count({lane, box.row}) > 0) ++lane;
    box.lane = lane;
    for (int row = box.row; row < std::max(nearest_reader[i], box.row + 1); ++row) {
      taken.emplace(lane, row);
    }
  }
}

void assign_levels(std::vector<LayoutBox>& boxes, int rows) {
  double side = 0;
  for (const LayoutBox& box : boxes) {
    if (box.output.rank() >= 3) side = std::max(side, static_cast<double>(box.output.height()));
  }
  std::vector<double> level(static_cast<size_t>(rows), 0);
  for (LayoutBox& box : boxes) {
    for (const int input : box.inputs) {
      box.level = std::max(box.level, boxes[static_cast<size_t>(input)].level);
    }
    const bool is_picture = box.output.rank() >= 3 && box.output.height() > 1;
    if (is_picture) {
      box.level = std::round(std::log2(side / static_cast<double>(box.output.height())));
    }
    double& of_row = level[static_cast<size_t>(box.row)];
    of_row = std::max(of_row, box.level);
  }
  for (LayoutBox& box : boxes) box.level = level[static_cast<size_t>(box.row)];
}

}  // namespace

double distance_from_slide(const NetworkLayout& layout) {
  constexpr double kTitleRoom = 52, kSlide = 16.0 / 9;
  return std::abs(std::log(layout.width / (layout.height + kTitleRoom) / kSlide));
}

void place_down(NetworkLayout& layout, const std::vector<LayoutBlock>& blocks) {
  std::vector<GridCell> cells;
  std::vector<StepRouter::Step> steps;
  const std::vector<char> passed = passed_boxes(layout.boxes);
  for (size_t i = 0; i < layout.boxes.size(); ++i) {
    const LayoutBox& box = layout.boxes[i];
    cells.push_back({i, box.row, box.lane, box.level * kLevelStep});
    cells.back().beside = passed[i] != 0 ? kLineRoom : 0;
    steps.push_back({i, box.row});
  }
  const Grid grid = place_on_grid(layout, cells, blocks, {kRowGap, kLaneGap});
  StepRouter router(layout, StepRouter::Flow::kDown, steps);
  for (const GridCell& cell : cells) {
    for (const int input : layout.boxes[cell.box].inputs) {
      router.connect(static_cast<size_t>(input), cell.box);
    }
  }
  layout.width = std::max(grid.width, router.reach() + 10);
  layout.height = grid.height;
}

NetworkLayout layout_of(const ModelSummary& summary, const LayoutOptions& options) {
  NetworkLayout layout;
  int deepest = 1;
  for (const LayerSummary& layer : summary.layers) {
    deepest = std::max(deepest, static_cast<int>(layer.blocks.size()) + 1);
  }
  for (int level = options.depth > 0 ? options.depth : deepest; level >= 1; --level) {
    layout.boxes = boxes_of(summary, level);
    layout.rows = assign_rows(layout.boxes);
    if (options.depth > 0 || layout.rows <= kMostRows) break;
  }
  assign_lanes(layout.boxes);
  assign_levels(layout.boxes, layout.rows);
  const std::vector<LayoutBlock> blocks = blocks_of(layout.boxes, summary);
  layout.is_tall = options.across;
  write_texts(layout, blocks);
  if (const std::optional<Mirror> mirror = mirror_of(layout.boxes)) {
    NetworkLayout u = layout, upright = layout;
    u.form = upright.form = NetworkLayout::Form::kU;
    upright.is_tall = false;
    write_texts(upright, blocks);
    const bool is_placed = place_as_u(u, blocks, *mirror, options.across);
    if (!options.across && is_placed) return u;
    // Levels with few boxes are wider upright.
    if (options.across && place_as_u(upright, blocks, *mirror, false)) {
      const bool is_wider = !is_placed || distance_from_slide(upright) < distance_from_slide(u);
      return is_wider ? upright : u;
    }
    if (is_placed) return u;
  }
  layout.form = options.across ? NetworkLayout::Form::kAcross : NetworkLayout::Form::kDown;
  options.across ? place_across(layout, blocks) : place_down(layout, blocks);
  return layout;
}

}  // namespace cnn

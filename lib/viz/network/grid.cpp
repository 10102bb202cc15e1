#include "viz/network/grid.h"

#include <algorithm>
#include <climits>
#include <cmath>
#include <map>

#include "base/error.h"

namespace cnn {
namespace {

constexpr double kPad = 6, kTitle = 14;

// The part of a block that stands in the grid.
struct Piece {
  const LayoutBlock* block = nullptr;
  std::vector<const GridCell*> cells;
  int first_row = INT_MAX, last_row = 0, first_column = INT_MAX, last_column = 0;
  // How many frames nest in it at each of its edges, one in another; at most anywhere.
  int above = 0, below = 0, before = 0, behind = 0, within = 0;
  double room_below = 0, room_beside = 0;  // for lines

  double pad_above() const { return kTitle * (above + 1); }
  double pad_below() const { return kPad * (below + 1) + room_below; }
  double pad_before() const { return kPad * (before + 1); }
  double pad_behind() const { return kPad * (behind + 1) + room_beside; }
};

bool encloses(const Piece& outer, const Piece& inner) {
  return inner.block->name.starts_with(outer.block->name + ".");
}

std::vector<Piece> pieces_of(const std::vector<GridCell>& cells,
                             const std::vector<LayoutBlock>& blocks) {
  std::map<size_t, const GridCell*> cell_of;
  for (const GridCell& cell : cells) cell_of[cell.box] = &cell;
  std::vector<Piece> pieces;
  for (const LayoutBlock& block : blocks) {
    Piece piece;
    piece.block = &block;
    for (const size_t box : block.boxes) {
      const auto found = cell_of.find(box);
      if (found == cell_of.end()) continue;
      const GridCell& cell = *found->second;
      piece.cells.push_back(&cell);
      piece.first_row = std::min(piece.first_row, cell.row);
      piece.last_row = std::max(piece.last_row, cell.row);
      piece.first_column = std::min(piece.first_column, cell.column);
      piece.last_column = std::max(piece.last_column, cell.column);
    }
    for (const GridCell* cell : piece.cells) {
      if (cell->row == piece.last_row) piece.room_below = std::max(piece.room_below, cell->below);
      if (cell->column == piece.last_column) {
        piece.room_beside = std::max(piece.room_beside, cell->beside);
      }
    }
    if (!piece.cells.empty()) pieces.push_back(std::move(piece));
  }
  for (size_t i = pieces.size(); i-- > 0;) {  // inner ones first
    Piece& outer = pieces[i];
    const auto grow = [&](bool shares, int& own, int inner) {
      if (shares) own = std::max(own, inner + 1);
    };
    for (const Piece& inner : pieces) {
      if (!encloses(outer, inner)) continue;
      grow(true, outer.within, inner.within);
      grow(inner.first_row == outer.first_row, outer.above, inner.above);
      grow(inner.last_row == outer.last_row, outer.below, inner.below);
      grow(inner.first_column == outer.first_column, outer.before, inner.before);
      grow(inner.last_column == outer.last_column, outer.behind, inner.behind);
    }
  }
  return pieces;
}

// Begins and ends of rows or columns of these sizes; `before` and `behind` are what frames need.
double lay_out(const std::vector<double>& sizes, const std::vector<double>& before,
               const std::vector<double>& behind, double gap, std::vector<double>& begin,
               std::vector<double>& end) {
  double at = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (i > 0) at += gap;
    at += before[i];
    begin.push_back(at);
    at += sizes[i];
    end.push_back(at);
    at += behind[i];
  }
  return at;
}

void raise(std::vector<double>& values, int at, double to) {
  double& value = values[static_cast<size_t>(at)];
  value = std::max(value, to);
}

}  // namespace

Grid place_on_grid(NetworkLayout& layout, const std::vector<GridCell>& cells,
                   const std::vector<LayoutBlock>& blocks, const GridGaps& gaps) {
  CNN_ASSERT(!cells.empty());
  size_t rows = 0, columns = 0;
  for (const GridCell& cell : cells) {
    rows = std::max(rows, static_cast<size_t>(cell.row) + 1);
    columns = std::max(columns, static_cast<size_t>(cell.column) + 1);
  }
  std::vector<double> heights(rows, 0), widths(columns, 0);
  for (const GridCell& cell : cells) {
    const LayoutBox& box = layout.boxes[cell.box];
    raise(heights, cell.row, box.height);
    raise(widths, cell.column, box.width);
  }
  const std::vector<Piece> pieces = pieces_of(cells, blocks);
  std::vector<double> above(rows, 0), below(rows, 0), before(columns, 0), behind(columns, 0);
  for (const GridCell& cell : cells) {
    raise(below, cell.row, cell.below);
    raise(behind, cell.column, cell.beside);
  }
  for (const Piece& piece : pieces) {
    raise(above, piece.first_row, piece.pad_above());
    raise(below, piece.last_row, piece.pad_below());
    raise(before, piece.first_column, piece.pad_before());
    raise(behind, piece.last_column, piece.pad_behind());
  }
  Grid grid;
  grid.height = lay_out(heights, above, below, gaps.rows, grid.top, grid.bottom);
  grid.width = lay_out(widths, before, behind, gaps.columns, grid.left, grid.right);
  double shift = 0;
  for (const GridCell& cell : cells) {
    LayoutBox& box = layout.boxes[cell.box];
    const auto row = static_cast<size_t>(cell.row);
    box.x = grid.left[static_cast<size_t>(cell.column)] + cell.shift;
    box.y = (grid.top[row] + grid.bottom[row] - box.height) / 2;
    shift = std::max(shift, cell.shift);
  }
  grid.width += shift;
  for (const Piece& piece : pieces) {
    double x = INFINITY, right = 0;
    for (const GridCell* cell : piece.cells) {
      const LayoutBox& box = layout.boxes[cell->box];
      x = std::min(x, box.x);
      right = std::max(right, box.x + box.width);
    }
    x -= piece.pad_before();
    right += piece.pad_behind();
    const double y = grid.top[static_cast<size_t>(piece.first_row)] - piece.pad_above();
    const double bottom = grid.bottom[static_cast<size_t>(piece.last_row)] + piece.pad_below();
    layout.groups.push_back({piece.block->name, piece.block->label, x, y, right - x, bottom - y});
  }
  return grid;
}

}  // namespace cnn

// Boxes in rows and columns, with room for the frames of blocks between them.
#pragma once

#include <cstddef>
#include <vector>

#include "viz/network/boxes.h"

namespace cnn {

struct GridCell {
  size_t box = 0;
  int row = 0, column = 0;
  double shift = 0;  // to the right of its column
  // Room for lines, within the frames around it: below the box, and at its right.
  double below = 0, beside = 0;
};

struct GridGaps {
  double rows = 22, columns = 18;
};

// Where rows and columns begin and end, frames not counted, and how large all of it is.
struct Grid {
  std::vector<double> top, bottom, left, right;
  double width = 0, height = 0;
};

// Places the boxes, each in the middle of its row, and adds the frames of `blocks` around those of
// their boxes that stand in `cells`.
Grid place_on_grid(NetworkLayout& layout, const std::vector<GridCell>& cells,
                   const std::vector<LayoutBlock>& blocks, const GridGaps& gaps);

}  // namespace cnn

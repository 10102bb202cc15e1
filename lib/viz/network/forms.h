// The forms of a drawing: each places the boxes, frames and lines of a layout whose boxes have
// their rows, lanes, levels and texts.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "viz/network/boxes.h"

namespace cnn {

// How far from a slide's 16:9 the drawing is with its title: 0, or by which factor as a logarithm.
double distance_from_slide(const NetworkLayout& layout);

void place_down(NetworkLayout& layout, const std::vector<LayoutBlock>& blocks);

// In strips one below the other, which a line joins at places that only one value passes.
void place_across(NetworkLayout& layout, const std::vector<LayoutBlock>& blocks);

// A network that mirrors itself: pictures get smaller, then larger again, and links join equal
// sizes over what lies between.
struct Mirror {
  // kBetween: it cuts what a link brings to the size that it meets.
  enum class Side : char { kLeft, kBottom, kRight, kBetween };
  struct Skip {
    size_t from, to;  // boxes
    int via = -1;     // the one between them; -1: none
  };
  std::vector<Skip> skips;  // innermost first: sources go up, targets down in rows
  std::vector<Side> sides;  // of each box
  std::vector<int> levels;  // of each box: how often its picture has been halved on its way
};
// Nothing where the network has no such form. Sizes and links decide, names do not.
std::optional<Mirror> mirror_of(const std::vector<LayoutBox>& boxes);

// The left side down, the bottom in the middle, the right side up; `across`: a level is one row.
// False, and the layout is of no use, if boxes would stand on one another or lines pass them.
bool place_as_u(NetworkLayout& layout, const std::vector<LayoutBlock>& blocks, const Mirror& mirror,
                bool across);

}  // namespace cnn

// The boxes of a network's drawing, before they have a place: what each stands for and says.
#pragma once

#include <string>
#include <vector>

#include "viz/network/layout.h"

namespace cnn {

// Blocks below `depth` are one box each.
std::vector<LayoutBox> boxes_of(const ModelSummary& summary, int depth);

// Blocks around boxes.
struct LayoutBlock {
  std::string name;
  std::string label;          // within the block around it
  std::vector<size_t> boxes;  // ascending
};
// Those that have two boxes or more, outer ones first. Boxes get their labels.
std::vector<LayoutBlock> blocks_of(std::vector<LayoutBox>& boxes, const ModelSummary& summary);

// Breaks what boxes say into lines, and gives all boxes one width that is enough for the longest
// word, and for the labels of blocks, and each the height that its lines need.
void write_texts(NetworkLayout& layout, const std::vector<LayoutBlock>& blocks);

// Room beside a box that a line passes on its way from a box of the same lane to one behind it.
inline constexpr double kLineRoom = 12;
// Which boxes need it: those in between.
std::vector<char> passed_boxes(const std::vector<LayoutBox>& boxes);

// How box texts are set; for the drawing too.
inline constexpr double kTitleSize = 10.5, kNoteSize = 9.5;
inline constexpr double kGlyphWidth = 36, kGlyphHeight = 44;  // of the volume's place
inline constexpr double kLinePitch = 15, kTallPitch = 13.5;

}  // namespace cnn

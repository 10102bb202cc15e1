// NetworkLayout: where the layers of a network stand in a drawing, from the top down. Layers that
// change values one by one (activations, norms, dropout, flatten) are lines in the box of the layer
// before them; blocks below a depth are one box.
//
// Rows are longest paths from the input. A chain keeps its lane; branches open lanes to its right.
// Rows move to the right as the picture inside gets smaller, so that an encoder and a decoder make
// a U on its side.
#pragma once

#include <string>
#include <vector>

#include "report/summary.h"
#include "viz/drawing/drawing.h"

namespace cnn {

struct LayoutBox {
  std::string name;                 // of the layer, or the block that it stands for
  std::string label;                // what is left of it within the frames around; may be empty
  std::string type;                 // of the layer; "block", "input"
  std::string operation;            // "conv 64, 3x3/2, pad 1"
  std::vector<std::string> folded;  // "bn", "relu"
  Shape output;                     // of an item
  Items items;                      // of a list
  LayerType::Family family = LayerType::Family::kNone;
  int64_t layers = 0;       // that it stands for, as LayerSummary::counts
  std::vector<int> inputs;  // boxes
  bool is_block = false;
  std::vector<std::string> path;  // the blocks around it, by whole names, outermost first

  int row = 0, lane = 0;
  double level = 0;  // how often the picture has been halved
  double x = 0, y = 0, width = 0, height = 0;
};

// A block around boxes.
struct LayoutGroup {
  std::string name;
  std::string label;  // within the frame around it
  double x = 0, y = 0, width = 0, height = 0;
};

struct NetworkLayout {
  std::vector<LayoutBox> boxes;     // in order of execution; inputs first
  std::vector<LayoutGroup> groups;  // outer ones first
  double width = 0, height = 0;
  int rows = 0;
};

// `depth` 0: as deep as 48 rows allow.
NetworkLayout layout_of(const ModelSummary& summary, int depth);

}  // namespace cnn

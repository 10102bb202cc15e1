// NetworkLayout: where the layers of a network stand in a drawing, and the lines between them.
// Layers that change values one by one (activations, norms, dropout, flatten) are words in the box
// of the layer before them; blocks below a depth are one box.
//
// Three forms. Down: rows are longest paths from the input; a chain keeps its lane, branches open
// lanes to its right, and rows move to the right as the picture inside gets smaller. Across: the
// same on its side, in as many strips as make it about as wide as a slide. A U: a network whose
// sizes fall and rise again, with links between equal sizes (mirror.h).
//
// All lengths are pixels of the drawing, from its upper left corner.
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
  std::string operation;            // "conv 64, 3x3/2, pad 1"; of a block what lies in it:
                                    // "bottleneck x3, 64 -> 256", with signs for x and ->
  std::vector<std::string> folded;  // "bn", "relu"
  Shape output;                     // of an item
  Items items;                      // of a list
  LayerType::Family family = LayerType::Family::kNone;
  int64_t layers = 0;  // that it stands for, as LayerSummary::counts
  int64_t parameters = 0;
  std::vector<int> inputs;  // boxes
  bool is_block = false;
  std::vector<std::string> path;  // the blocks around it, by whole names, outermost first

  int row = 0, lane = 0;
  double level = 0;  // how often the picture has been halved

  // In lines that fit into the box.
  std::vector<std::string> title, notes;
  std::string volume;
  bool has_volume_beside = false;  // on the line of the last note
  double x = 0, y = 0, width = 0, height = 0;
};

// A frame around boxes of a block; a block that stands in several places has several.
struct LayoutGroup {
  std::string name;
  std::string label;  // within the frame around it
  double x = 0, y = 0, width = 0, height = 0;
};

// An arrow between two boxes, as Drawing::Path with `smooth`.
struct LayoutRoute {
  int from = 0, to = 0;
  std::vector<Point> points;
};

struct NetworkLayout {
  enum class Form { kDown, kAcross, kU };

  Form form = Form::kDown;
  bool is_tall = false;             // boxes have their texts below the volume, not beside it
  std::vector<LayoutBox> boxes;     // in order of execution; inputs first
  std::vector<LayoutGroup> groups;  // outer ones first
  std::vector<LayoutRoute> routes;
  double width = 0, height = 0;
  int rows = 0;
};

struct LayoutOptions {
  int depth = 0;  // 0: as deep as 48 rows allow
  bool across = false;
};
NetworkLayout layout_of(const ModelSummary& summary, const LayoutOptions& options);

}  // namespace cnn

#include "viz/network_layout.h"

#include <algorithm>
#include <climits>
#include <cmath>
#include <map>
#include <set>

#include "base/error.h"
#include "base/text.h"

namespace cnn {
namespace {

constexpr int kMostRows = 48;
constexpr double kBoxWidth = 190, kBoxHeight = 40, kRowGap = 22, kLaneGap = 18, kLevelStep = 24;
constexpr double kGroupPad = 6, kGroupTitle = 14;

class Boxes {
 public:
  Boxes(const ModelSummary& summary, int depth) : summary_(summary), depth_(depth) {
    for (const LayerSummary& layer : summary.layers) {
      for (const std::string& input : layer.inputs) ++readers_[input];
    }
    for (const auto& [name, shape, items] : summary.inputs) {
      LayoutBox box;
      box.name = name;
      box.type = "input";
      box.operation = "input";
      box.output = shape;
      box.items = items;
      box_of_[name] = static_cast<int>(boxes_.size());
      boxes_.push_back(std::move(box));
    }
    for (const LayerSummary& layer : summary.layers) add(layer);
  }

  std::vector<LayoutBox> take() { return std::move(boxes_); }

 private:
  void add(const LayerSummary& layer) {
    if (std::ssize(layer.blocks) >= depth_) return add_to_block(layer);
    if (folds(layer)) {
      LayoutBox& box = boxes_[static_cast<size_t>(box_of_.at(layer.inputs[0]))];
      box.folded.push_back(layer.type);
      // A flattened picture is still shown as the volume that it was.
      if (layer.output.rank() == box.output.rank()) box.output = layer.output;
      box.layers += layer.counts();
      box_of_[layer.name] = box_of_.at(layer.inputs[0]);
      return;
    }
    LayoutBox box;
    box.name = layer.name;
    box.type = layer.type;
    box.family = layer.family;
    box.operation = layer.brief;
    box.path = layer.blocks;
    open(std::move(box), layer);
  }

  // Into the box before it: its only reader, within the same block.
  bool folds(const LayerSummary& layer) const {
    if (layer.inputs.size() != 1 || !layer.changes_values_only) return false;
    if (readers_.at(layer.inputs[0]) != 1) return false;
    const auto found = box_of_.find(layer.inputs[0]);
    if (found == box_of_.end()) return false;
    const LayoutBox& box = boxes_[static_cast<size_t>(found->second)];
    return box.type != "input" && !box.is_block;
  }

  void add_to_block(const LayerSummary& layer) {
    const std::string& name = layer.blocks[static_cast<size_t>(depth_) - 1];
    if (!boxes_.empty() && boxes_.back().is_block && boxes_.back().name == name) {
      LayoutBox& box = boxes_.back();
      box.layers += layer.counts();
      box.output = layer.output;
      box.items = layer.items;
      const int self = static_cast<int>(boxes_.size()) - 1;
      for (const std::string& input : layer.inputs) add_input(box, input, self);
      box_of_[layer.name] = self;
      return;
    }
    LayoutBox box;
    box.name = name;
    box.type = "block";
    box.is_block = true;
    box.path.assign(layer.blocks.begin(), layer.blocks.begin() + depth_ - 1);
    open(std::move(box), layer);
  }

  void open(LayoutBox box, const LayerSummary& layer) {
    const int self = static_cast<int>(boxes_.size());
    box.output = layer.output;
    box.layers = layer.counts();
    box.items = layer.items;
    for (const std::string& input : layer.inputs) add_input(box, input, self);
    box_of_[layer.name] = self;
    boxes_.push_back(std::move(box));
  }

  void add_input(LayoutBox& box, const std::string& name, int self) const {
    const auto found = box_of_.find(name);
    if (found == box_of_.end() || found->second == self) return;
    if (std::find(box.inputs.begin(), box.inputs.end(), found->second) == box.inputs.end()) {
      box.inputs.push_back(found->second);
    }
  }

  const ModelSummary& summary_;
  int depth_;
  std::map<std::string, int> readers_;  // of each value
  std::map<std::string, int> box_of_;   // of each value
  std::vector<LayoutBox> boxes_;
};

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

// Blocks that have two boxes or more, outer ones first; by their names.
std::vector<std::pair<std::string, std::vector<size_t>>> blocks_of(
    const std::vector<LayoutBox>& boxes) {
  std::vector<std::pair<std::string, std::vector<size_t>>> blocks;
  std::map<std::string, size_t> known;
  for (size_t i = 0; i < boxes.size(); ++i) {
    for (const std::string& name : boxes[i].path) {
      const auto [place, is_new] = known.emplace(name, blocks.size());
      if (is_new) blocks.push_back({name, {}});
      blocks[place->second].second.push_back(i);
    }
  }
  // A join called after its block closes it.
  for (size_t i = 0; i < boxes.size(); ++i) {
    const auto found = known.find(boxes[i].name);
    if (found != known.end()) blocks[found->second].second.push_back(i);
  }
  std::erase_if(blocks, [](const auto& block) { return block.second.size() < 2; });
  std::stable_sort(blocks.begin(), blocks.end(), [](const auto& a, const auto& b) {
    return std::count(a.first.begin(), a.first.end(), '.') <
           std::count(b.first.begin(), b.first.end(), '.');
  });
  return blocks;
}

struct Block {
  std::string name;
  std::vector<size_t> boxes;
  int first_row = 0, last_row = 0;
  int above = 0;   // blocks within it that begin in its first row, one in another
  int below = 0;   // the same at its end
  int within = 0;  // blocks in blocks within it
};

bool encloses(const Block& outer, const Block& inner) {
  return inner.name.starts_with(outer.name + ".");
}

// How deep other blocks nest in each, and how many of them begin and end with it.
std::vector<Block> nested_blocks(const std::vector<LayoutBox>& boxes) {
  std::vector<Block> blocks;
  for (auto& [name, members] : blocks_of(boxes)) {
    Block block{name, members};
    block.first_row = INT_MAX;
    for (const size_t i : members) {
      block.first_row = std::min(block.first_row, boxes[i].row);
      block.last_row = std::max(block.last_row, boxes[i].row);
    }
    blocks.push_back(std::move(block));
  }
  for (size_t i = blocks.size(); i-- > 0;) {  // inner ones first
    Block& outer = blocks[i];
    for (const Block& inner : blocks) {
      if (!encloses(outer, inner)) continue;
      outer.within = std::max(outer.within, inner.within + 1);
      if (inner.first_row == outer.first_row) outer.above = std::max(outer.above, inner.above + 1);
      if (inner.last_row == outer.last_row) outer.below = std::max(outer.below, inner.below + 1);
    }
  }
  return blocks;
}

// The name as it is read within the frames around the box: of "layer1.0.conv1" in "layer1.0" it is
// "conv1", of "conv1.conv", the only one in its block, "conv1"; a number is no name.
void label(NetworkLayout& layout) {
  for (LayoutBox& box : layout.boxes) {
    std::string rest = box.name;
    for (const LayoutGroup& group : layout.groups) {
      if (box.name.starts_with(group.name + ".")) rest = box.name.substr(group.name.size() + 1);
    }
    box.label = box.is_block ? rest : rest.substr(0, rest.find('.'));
    if (!box.is_block && box.label.find_first_not_of("0123456789") == std::string::npos) {
      box.label.clear();
    }
  }
  for (size_t i = layout.groups.size(); i-- > 0;) {
    std::string& name = layout.groups[i].label = layout.groups[i].name;
    for (size_t outer = 0; outer < i; ++outer) {
      const std::string prefix = layout.groups[outer].name + ".";
      if (layout.groups[i].name.starts_with(prefix)) {
        name = layout.groups[i].name.substr(prefix.size());
      }
    }
  }
}

// Rows are as far apart as the titles and edges of the blocks between them need.
void place(NetworkLayout& layout) {
  const std::vector<Block> blocks = nested_blocks(layout.boxes);
  const auto rows = static_cast<size_t>(layout.rows);
  std::vector<int> begins(rows, 0), ends(rows, 0);
  for (const Block& block : blocks) {
    int& b = begins[static_cast<size_t>(block.first_row)];
    b = std::max(b, block.above + 1);
    int& e = ends[static_cast<size_t>(block.last_row)];
    e = std::max(e, block.below + 1);
  }
  int outermost = 0;
  for (const Block& block : blocks) outermost = std::max(outermost, block.within + 1);
  const double left = kGroupPad * outermost;
  std::vector<double> top(rows, 0);
  double y = 0;
  for (size_t row = 0; row < rows; ++row) {
    y += begins[row] * kGroupTitle;
    top[row] = y;
    y += kBoxHeight + ends[row] * kGroupPad + kRowGap;
  }
  layout.height = y - kRowGap;
  for (LayoutBox& box : layout.boxes) {
    box.x = left + box.lane * (kBoxWidth + kLaneGap) + box.level * kLevelStep;
    box.y = top[static_cast<size_t>(box.row)];
    box.width = kBoxWidth;
    box.height = kBoxHeight;
    layout.width = std::max(layout.width, box.x + kBoxWidth + left);
  }
  for (const Block& block : blocks) {
    double x = INFINITY, right = 0;
    for (const size_t i : block.boxes) {
      x = std::min(x, layout.boxes[i].x);
      right = std::max(right, layout.boxes[i].x + kBoxWidth);
    }
    const double pad = kGroupPad * (block.within + 1);
    const double from = top[static_cast<size_t>(block.first_row)] - kGroupTitle * (block.above + 1);
    const double to =
        top[static_cast<size_t>(block.last_row)] + kBoxHeight + kGroupPad * (block.below + 1);
    layout.groups.push_back({block.name, "", x - pad, from, right - x + 2 * pad, to - from});
  }
  label(layout);
}

}  // namespace

NetworkLayout layout_of(const ModelSummary& summary, int depth) {
  NetworkLayout layout;
  int deepest = 1;
  for (const LayerSummary& layer : summary.layers) {
    deepest = std::max(deepest, static_cast<int>(layer.blocks.size()) + 1);
  }
  for (int level = depth > 0 ? depth : deepest; level >= 1; --level) {
    layout.boxes = Boxes(summary, level).take();
    layout.rows = assign_rows(layout.boxes);
    if (depth > 0 || layout.rows <= kMostRows) break;
  }
  assign_lanes(layout.boxes);
  assign_levels(layout.boxes, layout.rows);
  place(layout);
  return layout;
}

}  // namespace cnn

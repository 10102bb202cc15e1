#include "viz/network/boxes.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "base/text.h"

namespace cnn {
namespace {

constexpr const char* kTimes = "\xc3\x97";
constexpr const char* kArrow = "\xe2\x86\x92";

// What lies in a block: blocks that it calls and layers of its own, each kind once with its number,
// in order. Layers that only change values are not named.
class Contents {
 public:
  Contents(const ModelSummary& summary, const std::string& name, size_t depth) {
    if (const auto own = summary.blocks.find(name); own != summary.blocks.end()) {
      type_ = own->second;
    }
    for (const LayerSummary& layer : summary.layers) {
      if (layer.blocks.size() < depth || layer.blocks[depth - 1] != name) continue;
      add(summary, layer, depth);
    }
  }

  // "bottleneck x3", "up: upconv, concat, double".
  std::string str() const {
    constexpr size_t kMostKinds = 4;
    std::vector<std::string> words;
    for (size_t i = 0; i < kinds_.size() && i < kMostKinds; ++i) {
      const auto& [kind, parts] = kinds_[i];
      words.push_back(parts.size() == 1 ? kind
                                        : fmt::format("{} {}{}", kind, kTimes, parts.size()));
    }
    if (kinds_.size() > kMostKinds) {
      words.push_back(counted(static_cast<int64_t>(kinds_.size() - kMostKinds), "more kind"));
    }
    const std::string inside = join(words, ", ");
    return type_.empty() ? inside : inside.empty() ? type_ : type_ + ": " + inside;
  }

 private:
  void add(const ModelSummary& summary, const LayerSummary& layer, size_t depth) {
    for (size_t i = depth; i < layer.blocks.size(); ++i) {
      const auto called = summary.blocks.find(layer.blocks[i]);
      if (called != summary.blocks.end()) return count(called->second, layer.blocks[i]);
    }
    if (!layer.changes_values_only) count(layer.type, layer.name);
  }

  void count(const std::string& kind, const std::string& part) {
    auto known = std::find_if(kinds_.begin(), kinds_.end(),
                              [&](const auto& known) { return known.first == kind; });
    if (known == kinds_.end()) known = kinds_.insert(known, {kind, {}});
    known->second.insert(part);
  }

  std::string type_;
  std::vector<std::pair<std::string, std::set<std::string>>> kinds_;
};

class Boxes {
 public:
  Boxes(const ModelSummary& summary, int depth)
      : summary_(summary), depth_(static_cast<size_t>(depth)) {
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
      shapes_[name] = shape;
      boxes_.push_back(std::move(box));
    }
    for (const LayerSummary& layer : summary.layers) {
      shapes_[layer.name] = layer.output;
      add(layer);
    }
    for (LayoutBox& box : boxes_) {
      if (box.is_block) box.operation += channels_of(box);
    }
  }

  std::vector<LayoutBox> take() { return std::move(boxes_); }

 private:
  void add(const LayerSummary& layer) {
    if (layer.blocks.size() >= depth_) return add_to_block(layer);
    if (folds(layer)) {
      LayoutBox& box = boxes_[static_cast<size_t>(box_of_.at(layer.inputs[0]))];
      box.folded.push_back(layer.type);
      // A flattened picture is still shown as the volume that it was.
      if (layer.output.rank() == box.output.rank()) box.output = layer.output;
      box.layers += layer.counts();
      box.parameters += layer.parameters;
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
    const std::string& name = layer.blocks[depth_ - 1];
    if (!boxes_.empty() && boxes_.back().is_block && boxes_.back().name == name) {
      LayoutBox& box = boxes_.back();
      box.layers += layer.counts();
      box.parameters += layer.parameters;
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
    box.operation = Contents(summary_, name, depth_).str();
    box.path.assign(layer.blocks.begin(), layer.blocks.begin() + static_cast<long>(depth_) - 1);
    if (!layer.inputs.empty()) reads_[static_cast<int>(boxes_.size())] = layer.inputs[0];
    open(std::move(box), layer);
  }

  void open(LayoutBox box, const LayerSummary& layer) {
    const int self = static_cast<int>(boxes_.size());
    box.output = layer.output;
    box.layers = layer.counts();
    box.parameters = layer.parameters;
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

  // ", 64 -> 256": channels that a block reads and gives.
  std::string channels_of(const LayoutBox& box) const {
    const auto read = reads_.find(static_cast<int>(&box - boxes_.data()));
    if (read == reads_.end()) return "";
    const auto shape = shapes_.find(read->second);
    if (shape == shapes_.end()) return "";
    return fmt::format("{}{} {} {}", box.operation.empty() ? "" : ", ", shape->second[0], kArrow,
                       box.output[0]);
  }

  const ModelSummary& summary_;
  size_t depth_;
  std::map<std::string, int> readers_;   // of each value
  std::map<std::string, int> box_of_;    // of each value
  std::map<std::string, Shape> shapes_;  // of each value
  std::map<int, std::string> reads_;     // the first value that a block's box reads
  std::vector<LayoutBox> boxes_;
};

bool is_number(const std::string& name) {
  return name.find_first_not_of("0123456789") == std::string::npos;
}

// "0" alone says nothing: "bottleneck 0".
std::string with_type(const std::string& label, const std::string& name,
                      const ModelSummary& summary) {
  const auto called = summary.blocks.find(name);
  return is_number(label) && called != summary.blocks.end() ? called->second + " " + label : label;
}

// The name as it is read within the blocks around: of "layer1.0.conv1" in "layer1.0" it is "conv1",
// of "conv1.conv", the only one in its block, "conv1"; a layer's number is no name.
void label(std::vector<LayoutBox>& boxes, std::vector<LayoutBlock>& blocks,
           const ModelSummary& summary) {
  for (LayoutBox& box : boxes) {
    std::string rest = box.name;
    for (const LayoutBlock& block : blocks) {
      if (box.name.starts_with(block.name + ".")) rest = box.name.substr(block.name.size() + 1);
    }
    box.label = box.is_block ? with_type(rest, box.name, summary) : rest.substr(0, rest.find('.'));
    if (!box.is_block && is_number(box.label)) box.label.clear();
  }
  for (size_t i = blocks.size(); i-- > 0;) {
    std::string& name = blocks[i].label = blocks[i].name;
    for (size_t outer = 0; outer < i; ++outer) {
      const std::string prefix = blocks[outer].name + ".";
      if (blocks[i].name.starts_with(prefix)) name = blocks[i].name.substr(prefix.size());
    }
    name = with_type(name, blocks[i].name, summary);
  }
}

}  // namespace

std::vector<LayoutBox> boxes_of(const ModelSummary& summary, int depth) {
  CNN_ASSERT(depth >= 1);
  return Boxes(summary, depth).take();
}

std::vector<char> passed_boxes(const std::vector<LayoutBox>& boxes) {
  std::vector<char> passed(boxes.size(), 0);
  for (const LayoutBox& to : boxes) {
    for (const int input : to.inputs) {
      const LayoutBox& from = boxes[static_cast<size_t>(input)];
      if (from.lane != to.lane || to.row == from.row + 1) continue;
      for (size_t i = 0; i < boxes.size(); ++i) {
        const bool is_within = boxes[i].row > from.row && boxes[i].row < to.row;
        if (is_within && boxes[i].lane == to.lane) passed[i] = 1;
      }
    }
  }
  return passed;
}

std::vector<LayoutBlock> blocks_of(std::vector<LayoutBox>& boxes, const ModelSummary& summary) {
  std::vector<LayoutBlock> blocks;
  std::map<std::string, size_t> known;
  for (size_t i = 0; i < boxes.size(); ++i) {
    for (const std::string& name : boxes[i].path) {
      const auto [place, is_new] = known.emplace(name, blocks.size());
      if (is_new) blocks.push_back({name, "", {}});
      blocks[place->second].boxes.push_back(i);
    }
  }
  // A join called after its block closes it.
  for (size_t i = 0; i < boxes.size(); ++i) {
    const auto found = known.find(boxes[i].name);
    if (found != known.end()) blocks[found->second].boxes.push_back(i);
  }
  std::erase_if(blocks, [](const LayoutBlock& block) { return block.boxes.size() < 2; });
  std::stable_sort(blocks.begin(), blocks.end(), [](const LayoutBlock& a, const LayoutBlock& b) {
    return std::count(a.name.begin(), a.name.end(), '.') <
           std::count(b.name.begin(), b.name.end(), '.');
  });
  for (LayoutBlock& block : blocks) std::sort(block.boxes.begin(), block.boxes.end());
  label(boxes, blocks, summary);
  return blocks;
}

}  // namespace cnn

#include "report/summary_tree.h"

#include <algorithm>

#include "base/text.h"

namespace cnn {
namespace {

void accumulate(SummaryLine& line, const LayerSummary& layer) {
  line.layer = &layer;
  line.parameters += layer.parameters;
  line.macs += layer.macs;
  line.activations += layer.activations;
  line.activation_bytes += layer.activation_bytes;
  line.items += 1;
  line.layers += layer.counts();
}

}  // namespace

// The names as they are seen from the layer's own block; of activations those of their layers.
std::string SummaryTree::inputs_of(const LayerSummary& layer) const {
  const size_t dot = layer.name.rfind('.');
  const std::string block = dot == std::string::npos ? "" : layer.name.substr(0, dot + 1);
  std::vector<std::string> names;
  for (const std::string& input : layer.inputs) {
    const auto folded = folded_into_.find(input);
    std::string name = folded == folded_into_.end() ? input : folded->second;
    if (!block.empty() && name.starts_with(block)) name.erase(0, block.size());
    names.push_back(std::move(name));
  }
  return join(names, ", ");
}

SummaryTree::SummaryTree(const ModelSummary& summary, int depth) : depth_(depth) {
  if (!summary.inputs.empty()) previous_ = summary.inputs.front().name;
  for (const LayerSummary& layer : summary.layers) {
    if (!layer.folded_into.empty()) folded_into_[layer.name] = layer.folded_into;
    add(layer);
    previous_ = layer.name;
  }
  for (SummaryLine& line : lines_) {
    if (!line.is_collapsed) continue;
    const std::string count =
        line.layers > 0 ? counted(line.layers, "layer") : counted(line.items, "item");
    line.operation = line.items == 1 ? line.layer->operation : count;
    line.brief = line.items == 1 ? line.layer->brief : count;
  }
}

std::string SummaryTree::branch(size_t i, bool is_utf8) const {
  std::string text;
  for (size_t level = 1; level <= lines_[i].depth; ++level) {
    const bool goes_on = has_sibling_below(i, level);
    if (level == lines_[i].depth) {
      text += is_utf8 ? (goes_on ? "├─ " : "└─ ") : (goes_on ? "|- " : "`- ");
    } else {
      text += goes_on ? (is_utf8 ? "│  " : "|  ") : "   ";
    }
  }
  return text;
}

// True if another line of that level follows before the tree returns above it.
bool SummaryTree::has_sibling_below(size_t i, size_t level) const {
  for (size_t k = i + 1; k < lines_.size(); ++k) {
    if (lines_[k].depth < level) return false;
    if (lines_[k].depth == level) return true;
  }
  return false;
}

void SummaryTree::add(const LayerSummary& layer) {
  std::vector<std::string> path = split(layer.name, '.');
  const bool follows = !lines_.empty() && lines_.back().layer && layer.inputs.size() == 1 &&
                       lines_.back().layer->name == layer.inputs[0];
  if (layer.is_folded && follows) return fold(layer);
  if (path.size() <= open_.size() && std::equal(path.begin(), path.end(), open_.begin())) {
    // A join that has the name of the block that its branches make: the block's last line.
    if (is_collapsed_ && path == open_) return add_to_collapsed(layer, path);
    open_ = path;
    is_collapsed_ = false;
    return add_line(layer, path.size(), "(" + layer.type + ")");
  }
  const size_t limit = depth_ > 0 ? static_cast<size_t>(depth_) : path.size();
  if (path.size() > limit) {
    path.resize(limit);
    return add_to_collapsed(layer, path);
  }
  const std::string label = path.back();
  path.pop_back();
  open(path);
  add_line(layer, path.size(), label);
}

// Lines for the blocks of `path` that are not open yet.
void SummaryTree::open(const std::vector<std::string>& path) {
  const size_t parents = open_.size() - (is_collapsed_ ? 1 : 0);  // itself it is no parent
  size_t shared = 0;
  while (shared < parents && shared < path.size() && open_[shared] == path[shared]) ++shared;
  for (; shared < path.size(); ++shared) {
    SummaryLine line;
    line.depth = shared;
    line.label = path[shared];
    line.is_open_block = true;
    lines_.push_back(std::move(line));
  }
  open_ = path;
  is_collapsed_ = false;
}

void SummaryTree::add_to_collapsed(const LayerSummary& layer,
                                   const std::vector<std::string>& path) {
  if (is_collapsed_ && open_ == path) return accumulate(lines_.back(), layer);
  std::vector<std::string> parents = path;
  parents.pop_back();
  open(parents);
  add_line(layer, parents.size(), path.back());
  lines_.back().is_collapsed = true;
  open_ = path;
  is_collapsed_ = true;
}

// An activation on its layer's line.
void SummaryTree::fold(const LayerSummary& layer) {
  SummaryLine& line = lines_.back();
  accumulate(line, layer);
  line.operation += " + " + layer.operation;
  line.brief += " + " + layer.brief;
}

void SummaryTree::add_line(const LayerSummary& layer, size_t depth, std::string label) {
  SummaryLine line;
  line.depth = depth;
  line.label = std::move(label);
  line.operation = layer.operation;
  line.brief = layer.brief;
  const bool follows = layer.inputs.size() == 1 && layer.inputs[0] == previous_;
  if (!follows) line.inputs = inputs_of(layer);
  accumulate(line, layer);
  lines_.push_back(std::move(line));
}

}  // namespace cnn

// SummaryTree: the layers of a network as the lines of a tree, blocks above their layers.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "report/summary.h"

namespace cnn {

// A layer, or a block that is opened below this line or stands for its layers.
struct SummaryLine {
  size_t depth = 0;
  std::string label;
  bool is_open_block = false;
  bool is_collapsed = false;
  const LayerSummary* layer = nullptr;  // whose output this is; null for an open block
  std::string operation;
  std::string brief;   // the operation for narrow terminals
  std::string inputs;  // empty where that is the line above
  int64_t parameters = 0;
  int64_t macs = 0;
  int64_t activations = 0;
  uint64_t activation_bytes = 0;
  int64_t items = 0;   // of the model file that it stands for
  int64_t layers = 0;  // of these, as LayerSummary::counts
};

class SummaryTree {
 public:
  // Blocks below `depth` are one line each; 0: none. Borrows the summary's layers.
  SummaryTree(const ModelSummary& summary, int depth);

  const std::vector<SummaryLine>& lines() const { return lines_; }

  // "│  └─ " before the label of line `i`.
  std::string branch(size_t i, bool is_utf8) const;

 private:
  bool has_sibling_below(size_t i, size_t level) const;
  std::string inputs_of(const LayerSummary& layer) const;
  void add(const LayerSummary& layer);
  void open(const std::vector<std::string>& path);
  void add_to_collapsed(const LayerSummary& layer, const std::vector<std::string>& path);
  void fold(const LayerSummary& layer);
  void add_line(const LayerSummary& layer, size_t depth, std::string label);

  int depth_;
  std::vector<SummaryLine> lines_;
  std::vector<std::string> open_;                   // the block that the last line stands in, or is
  bool is_collapsed_ = false;                       // it is
  std::string previous_;                            // the last layer's name
  std::map<std::string, std::string> folded_into_;  // of activations, by their names
};

}  // namespace cnn

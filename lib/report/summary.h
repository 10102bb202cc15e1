// Summary: what is in a network: output volumes, parameters, multiply-adds, receptive fields and
// planned memory. The figures are plain data; how they are shown stands in summary_table.cpp (for
// people) and summary_formats.cpp (JSON, CSV, Graphviz).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "graph/memory_plan.h"
#include "graph/receptive_field.h"
#include "report/layer_arithmetic.h"
#include "spec/model_spec.h"
#include "tensor/shape.h"

namespace cnn {

struct LayerSummary {
  std::string name;
  std::string type;
  std::string settings;             // options that differ from their defaults: "6, kernel 5, pad 2"
  std::string operation;            // the same for tables: "conv 6, 5x5/2, pad 2, no bias"
  std::string brief;                // "conv 6, 5x5/2, pad 2": what shapes the output
  std::vector<std::string> inputs;  // layers and fields
  Shape output;                     // of an item
  Items items;                      // of a list
  std::vector<std::string> blocks;  // paths of the blocks around it, outermost first
  int64_t parameters = 0;           // learned ones
  int64_t macs = 0;                 // of one sample
  int64_t activations = 0;  // numbers that it makes of a sample; 0 where it changes them in place
  LayerArithmetic arithmetic;
  uint64_t activation_bytes = 0;  // in training, of a batch: output and what backward reads
  ReceptiveField field;
  Leftover leftover;
  LayerType::Family family = LayerType::Family::kNone;
  bool changes_values_only = false;  // LayerType::changes_values_only
  std::string folded_into;           // the item whose `act:` it is; or empty
  bool is_folded = false;            // an activation, and that item is the layer before it

  // One of the layers that tables, CSV and drawings count: with multiply-adds.
  bool counts() const { return macs > 0; }
};

struct MemorySummary {
  int64_t batch_size = 0;
  uint64_t train_arena = 0;  // activations, gradients of activations, scratch
  uint64_t infer_arena = 0;
  uint64_t kept_arena = 0;  // of training if no block were computed anew; 0: none is
  uint64_t weights = 0;     // with statistics
  uint64_t gradients = 0;
  uint64_t optimizer = 0;
  // What takes the most, largest first: of the arena at the moment of its peak; in training weights
  // (with their gradients) and the optimizer too.
  std::vector<MemoryPlan::Tenant> train_largest;
  std::vector<MemoryPlan::Tenant> infer_largest;

  uint64_t train_bytes() const { return train_arena + weights + gradients + optimizer; }
  uint64_t infer_bytes() const { return infer_arena + weights; }
};

// How a table is drawn.
struct TableStyle {
  int columns = 100;  // of the terminal
  int depth = 0;      // blocks below this level are one row each; 0: everything is shown
  bool is_utf8 = false;
  bool color = false;
};

struct ModelSummary {
  std::string name;
  struct Input {
    std::string name;
    Shape shape;  // of an item
    Items items;
  };
  std::vector<Input> inputs;
  int64_t parameters = 0;  // of the training graph
  int64_t trainable = 0;
  int64_t macs = 0;                                    // of the evaluation graph
  int depth = 0;                                       // weight_depth()
  std::vector<LayerSummary> layers;                    // of the evaluation graph
  std::vector<std::pair<std::string, Shape>> weights;  // as in files, in order of execution
  std::map<std::string, std::string> blocks;           // Graph::blocks: "layer1.0", "bottleneck"
  MemorySummary memory;
  bool is_partial = false;  // an error ended it: layers alone

  int64_t layer_count() const;  // of those that count
  // Numbers that layers make of a sample, all together.
  int64_t activations() const;
  // Parameters of layers that exist in training only.
  int64_t training_only() const;
  // What windows leave unread, a sentence a line.
  std::vector<std::string> notes() const;

  std::string json() const;  // one line
  std::string csv() const;   // a line a layer
  std::string dot() const;   // Graphviz: a box a layer, a cluster a block
  std::string table(const TableStyle& style) const;
  std::string explanation() const;  // how each figure of each layer is reckoned
};

// Allocates nothing of the network's size. Memory is what training plans at the model's
// train.batch_size, validation included, without what loading data takes; inference at the same
// batch size.
ModelSummary summarize(const ModelSpec& spec);

// For a spec that summarize() refuses: the layers up to the first error in them. Nothing is listed
// if the error is elsewhere.
ModelSummary summarize_until_error(const ModelSpec& spec);

// Several networks, a line each.
std::string comparison_table(const std::vector<ModelSummary>& models, const TableStyle& style);
std::string comparison_csv(const std::vector<ModelSummary>& models);

}  // namespace cnn

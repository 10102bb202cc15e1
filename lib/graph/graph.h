// Graph: layers in topological order, joined by values. Built from a ModelSpec by builder.h; plain
// data that plans, executors and summaries read.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "graph/parameter_store.h"
#include "layers/layer.h"
#include "layers/layer_type.h"

namespace cnn {

// How many items the lists of a graph have that are equally long in every sample.
struct ListLength {
  int64_t most = 1;
  bool varies = false;
  int source = -1;  // of those that vary: the value that brings it, a field or a layer's output
};

// What flows between layers, one per layer output and per field.
struct Value {
  std::string name;   // the layer's dotted path, its output's name behind it; or the field's name
  Shape shape;        // of an item
  int producer = -1;  // node; -1 for a field
  std::vector<int> consumers = {};  // nodes, ascending, once each
  int length = -1;                  // which of Graph::lengths; -1: no list
  FieldKind kind = FieldKind::kValues;
  int64_t classes = 0;           // kClass: how many, 0 if not known
  bool passes_gradients = true;  // back to its producer
};

// What a node is, but for the layer itself: all that can be copied.
struct NodeFacts {
  std::string name;         // dotted path; its weights are NAME.weight ...
  std::string folded_into;  // the path of the item whose `act:` it is; empty: an item of its own
  const LayerType* type = nullptr;
  LayerPlan plan;
  std::vector<int> inputs;   // values
  std::vector<int> outputs;  // values, as in the plan
  // It looks at items by themselves, those of lists of this length: its batch are items. -1: its
  // batch are samples.
  int length = -1;
  std::vector<int> parameters;              // ids in the store, by the layer's own ids
  bool shares = false;                      // they are those of a layer before it (`share`)
  std::shared_ptr<const NamedLayer> named;  // what an option names; or null
  int recompute = -1;  // number of the block around it whose values are computed anew for backward
  std::vector<std::string> path;  // the blocks, seqs and branches around it, outermost first
  Mark mark;                      // where the item stands in the model file

  int output() const { return outputs.front(); }
  bool is_loss() const { return type->role == LayerType::Role::kLoss; }
  bool runs_in(const Pass& pass) const { return pass.losses || !is_loss(); }
};

struct GraphNode : NodeFacts {
  std::unique_ptr<Layer> layer;
  std::vector<std::unique_ptr<Layer>> absorbed;  // what it does besides (passes/fusion.h)

  GraphNode clone() const;  // with a layer of its own
};

struct LossTerm {
  int node = -1;
  double weight = 1;
  std::string name;  // "cross_entropy", or its `name:`
};

struct NamedOutput {
  std::string name;
  int value = -1;
};

struct GraphField {
  Field field;
  int value = -1;
  bool is_input = false;  // stands in `input:`; else only losses (targets) read it
};

struct Graph {
  std::string name;
  Phase phase = Phase::kTrain;
  std::vector<GraphField> fields;
  std::vector<Value> values;
  std::vector<ListLength> lengths;
  std::vector<GraphNode> nodes;  // losses last
  std::vector<LossTerm> losses;
  std::vector<NamedOutput> outputs;  // `outputs:`, or the last layer under its own name

  Graph() = default;
  Graph(Graph&&) = default;
  Graph& operator=(Graph&&) = default;
  // The same with layers of its own, so that these may be joined. Not of a graph whose layers are.
  Graph clone() const;

  const Value& value(int id) const { return values[static_cast<size_t>(id)]; }
  Value& value(int id) { return values[static_cast<size_t>(id)]; }
  const GraphNode& node(int id) const { return nodes[static_cast<size_t>(id)]; }
  GraphNode& node(int id) { return nodes[static_cast<size_t>(id)]; }

  const GraphField* find_field(std::string_view name) const;
  // Where the (first) input stands in `fields`, as Executor::bind wants it; -1 if there is none.
  int input_index() const;
  // The value of a field, layer or block by dotted path; -1 if there is none.
  int find_value(std::string_view name) const;
  // Names of blocks, seqs and repeats beside values' own names.
  std::vector<std::pair<std::string, int>> aliases;
  // The blocks that were called, by the paths of their calls: {"layer1.0", "bottleneck"}.
  std::vector<std::pair<std::string, std::string>> blocks;

  // As a layer is set up with it; and how many items of it there are in a sample, at most.
  Items items(const Value& value) const;
  int64_t most_items(int length) const {
    return length < 0 ? 1 : lengths[static_cast<size_t>(length)].most;
  }
  bool has_lists() const { return !lengths.empty(); }

  int find_node(std::string_view name) const;  // -1 if there is none
  int64_t macs() const;                        // of one sample
};

}  // namespace cnn

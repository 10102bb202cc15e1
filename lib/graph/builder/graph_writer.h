// GraphWriter: puts layers, fields and parameters into a graph and its store.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "graph/builder/names.h"
#include "graph/graph.h"
#include "graph/parameter_store.h"

namespace cnn::build {

// One input of a layer, with what the model file calls it.
struct Input {
  int value = kUnknown;
  std::string label;
  bool is_target = false;  // a data field called `label`; `value` is not used

  bool is_known() const { return is_target || value != kUnknown; }
};

struct NewLayer {
  const LayerType* type = nullptr;
  std::unique_ptr<Layer> layer;  // its options are read
  std::string path;
  std::string weights_path;  // `path`, or that of the layer whose weights it shares
  Mark mark;
  std::vector<Input> inputs;   // all known
  std::optional<Input> named;  // by an option, known
  std::vector<std::string> levels;
  InitChain init;
  Settings settings;
  const Settings* own = nullptr;  // the item's own of them; null: those of layers inside it
  bool in_side = false;
  std::string folded_into;  // the item whose activation it is; or empty
};

class GraphWriter {
 public:
  GraphWriter(Graph& graph, ParameterStore& store, Diagnostics& diagnostics)
      : graph_(graph), store_(store), diagnostics_(diagnostics) {}

  int add_input(Field field);
  // Sets the layer up and adds it; its output's value, or kUnknown after a report.
  int add(NewLayer request);

  void rename(int value, const std::string& name) { graph_.value(value).name = name; }
  // The items whose paths begin with `path` come from a call of this block.
  void note_block(const std::string& path, const std::string& block) {
    graph_.blocks.emplace_back(path, block);
  }

  int node_count() const { return static_cast<int>(graph_.nodes.size()); }
  // The nodes from `first` on are a block that is recomputed for backward.
  void recompute_from(int first);

  const Shape& shape_of(int value) const { return graph_.value(value).shape; }
  // The layer that makes the value; null: a field, or unknown.
  const GraphNode* maker_of(int value) const;
  bool is_in_side(int node) const { return in_side_[static_cast<size_t>(node)] != 0; }

 private:
  int add_value(Value value);
  int length_of(const Items& items, int source);
  std::vector<std::string> length_notes(const std::vector<int>& lengths) const;
  bool join_lengths(NewLayer& request, int& length);
  int spread(const NewLayer& owner, size_t input, int like);
  std::vector<Form> forms_of(const NewLayer& request) const;
  bool check_kinds(const NewLayer& request, const LayerPlan& plan);
  void add_outputs(const NewLayer& request, int id, GraphNode& node);
  int named_node(const Input& named) const;
  std::shared_ptr<const NamedLayer> named_layer(const NewLayer& request) const;
  bool set_up_layer(const NewLayer& request, const NamedLayer* named, LayerPlan& plan);
  void list_targets(const NewLayer& request, int length, LayerPlan& plan) const;
  bool check_target_value(const NewLayer& request, size_t input, const Field& wanted);
  bool check_target_field(const NewLayer& request, size_t input, int length, const Field& wanted);
  bool check_targets(const NewLayer& request, int length, const LayerPlan& plan);
  bool check_parameters(const NewLayer& request, const LayerPlan& plan);
  void bound_field(int value, const Field& wanted);
  int field_value(const std::string& name, const Field& wanted, int length, const Mark& mark);
  bool set_initializers(const NewLayer& request, LayerPlan& plan);
  bool check_shared(const NewLayer& request, const LayerPlan& plan);
  std::vector<int> add_parameters(const NewLayer& request, const LayerPlan& plan);

  Graph& graph_;
  ParameterStore& store_;
  Diagnostics& diagnostics_;
  // Items whose setup has failed: in a block that is called again it would fail with other shapes.
  std::set<std::tuple<const Source*, int, int>> failed_;
  std::vector<char> in_side_;      // by node
  std::vector<Mark> field_marks_;  // by field: who asked for it first
};

}  // namespace cnn::build

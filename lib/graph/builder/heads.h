// Heads: what stands at the end of a network: losses and named outputs (rule 13); and the check
// that everything before them is used.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "graph/builder/expander.h"
#include "spec/model_spec.h"

namespace cnn::build {

class Heads {
 public:
  // `top` is the expanded list of layers.
  Heads(const ModelSpec& spec, const Context& context, const List& top, Graph& graph)
      : spec_(spec), c_(context), top_(top), graph_(graph) {}

  void add_losses();
  void add_outputs();
  // Unused inputs are errors, unused layers warnings. Call it when there are no errors.
  bool may_be_unread(const GraphNode& node, int value) const;
  void check_unused();

 private:
  void add_loss(const Node& written);
  void add_term(Item item, const Node& value, const std::string& name);
  std::optional<double> loss_weight(const Item& item);
  std::string loss_name(const Item& item);
  bool is_dropped(const Node& value) const;
  void add_output(const Entry& entry);
  bool is_metric_input(const std::string& name) const;

  const ModelSpec& spec_;
  Context c_;
  const List& top_;
  Graph& graph_;
  std::set<std::string> terms_;  // names of losses; of those that this phase drops, too
};

}  // namespace cnn::build

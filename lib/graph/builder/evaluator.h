// Evaluator: expressions where they stand in a list of items (rule 8).
#pragma once

#include <optional>

#include "graph/builder/names.h"
#include "spec/expression.h"

namespace cnn::build {

// A value with the place where strings in it are looked up as layers' names.
struct Written {
  Node value;
  const List* where = nullptr;
};

class Evaluator {
 public:
  Evaluator(const Node& variables, const Names& names, const Graph& graph, Diagnostics& diagnostics)
      : variables_(variables), names_(names), graph_(graph), diagnostics_(diagnostics) {}

  // The node without expressions. Nothing after a report, or silently if it depends on an item that
  // has an error.
  std::optional<Node> operator()(const Node& node, const List& list) const;
  // The same, keeping track of arguments: `$skip` alone is looked up where the argument was
  // written.
  std::optional<Written> written(const Node& node, const List& list) const;
  std::optional<bool> condition(const Node& node, const List& list) const;

 private:
  const Node& variables_;
  const Names& names_;
  const Graph& graph_;
  Diagnostics& diagnostics_;
};

}  // namespace cnn::build

// frozen: the layers at the beginning of a network that training leaves as they are, so that what
// they make of a sample is the same whenever it comes.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "graph/parameter_store.h"

namespace cnn {

// By node: what it makes of a sample is always the same. Its parameters and statistics are frozen
// (or fitted before training), it draws nothing and carries nothing on, it does not decide how long
// a list is, and so do all layers before it. `drawn`: by field of the graph, whether a sample's
// numbers there change from epoch to epoch; empty: none do. `twin`: the graph of the other phase,
// which must have the same layer in the same place; null: anything goes there.
std::vector<char> constant_nodes(const Graph& graph, const ParameterStore& store,
                                 const std::vector<char>& drawn, const Graph* twin);
// The nodes of those names in another graph.
std::vector<char> nodes_of_names(const Graph& from, const std::vector<char>& marked,
                                 const Graph& to);

// What of these need not be run with every batch.
struct FrozenBeginning {
  std::vector<char> nodes;  // by node
  std::vector<int> values;  // that they make and others read, ascending
  int64_t layers = 0;       // how many nodes
  int64_t macs = 0;         // of a sample

  // Whether it is worth while: something is multiplied with frozen weights.
  bool is_empty() const { return values.empty() || macs == 0; }
};

// Of the constant nodes those that follow from frozen weights, and those that only lead to such.
// `keep`: values that are read from outside.
FrozenBeginning frozen_beginning(const Graph& graph, const ParameterStore& store,
                                 const std::vector<char>& constant, const std::vector<int>& keep);

}  // namespace cnn

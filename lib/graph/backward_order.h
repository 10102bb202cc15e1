// BackwardOrder: what follows the forward of a run, step by step: the backward of every layer, last
// first; and before a block that is to be recomputed (GraphNode::recompute), its forward again.
//
// Of such a block only what the rest of the network reads is kept from forward to backward. All
// else that its backward needs is computed once more, from the block's inputs (Chen et al. 2016,
// "Training deep nets with sublinear memory cost").
#pragma once

#include <vector>

#include "graph/gradient_flow.h"
#include "graph/graph.h"

namespace cnn {

struct BackwardStep {
  int node = -1;
  bool again = false;  // its forward once more; else its backward
};

struct BackwardOrder {
  std::vector<BackwardStep> steps;
  // By node: the step of the run at which its backward runs, and its forward again; -1: never. In a
  // graph of n nodes the forward of node i is step i, and steps[k] is step n + k.
  std::vector<int> backward, again;
  std::vector<int> block;     // by node: the block that is recomputed; -1: none
  std::vector<char> escapes;  // by value: read outside the block that it is computed in

  bool runs_again(int node) const { return again[static_cast<size_t>(node)] >= 0; }
};

// Whether the backward of `node` reads value `v` as one of its inputs.
bool backward_reads(const GraphNode& node, int v);

// `kept` by value: somebody reads it after the run.
BackwardOrder backward_order(const Graph& graph, const Pass& pass, const GradientFlow& flow,
                             const std::vector<char>& kept);

}  // namespace cnn

// cut: a part of a graph as a graph of its own. Values keep their ids.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"

namespace cnn {

// What follows from value `start` alone, which becomes the graph's only field, called `field`: a
// decoder without its encoder. Losses and the outputs that do not follow from it go. Exit::kSpec if
// a layer that follows from it also reads something else, or if no output is left.
void start_at(Graph& graph, int start, const std::string& field);

// What leads to `values`, which become the graph's outputs: an encoder without its decoder. Losses
// and their targets go.
void end_at(Graph& graph, const std::vector<int>& values);

// By value: which follow from `start`, itself included.
std::vector<char> following(const Graph& graph, int start);

// The marked nodes go, and `values`, which some of them have made, become fields behind those that
// there are. Outputs that nobody makes any more go.
void replace_by_fields(Graph& graph, const std::vector<char>& gone, const std::vector<int>& values);

// Only the marked nodes are left, losses among them.
void keep_nodes(Graph& graph, const std::vector<char>& needed);

// Where no layer that is left sees a list, the graph has none.
void forget_unused_lists(Graph& graph);

// The value as a field of a graph that gets it from outside.
GraphField field_of(const Graph& graph, int value);

// The node whose memory this one borrows; -1: none.
int lender(const Graph& graph, const GraphNode& node);

}  // namespace cnn

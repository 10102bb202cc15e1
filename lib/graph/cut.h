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

// Only the marked nodes are left; losses go.
void keep_nodes(Graph& graph, const std::vector<char>& needed);

}  // namespace cnn

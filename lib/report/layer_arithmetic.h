// A layer's figures as one reckons them by hand: `cnn summary --explain`.
#pragma once

#include <string>

#include "graph/graph.h"

namespace cnn {

// Each "(5*5*1 + 1)*6 = 156", or empty where there is nothing to reckon.
struct LayerArithmetic {
  std::string size;         // of the output along its axes
  std::string activations;  // numbers in the output; none where it changes them in place
  std::string parameters;
  std::string macs;
};
LayerArithmetic arithmetic_of(const Graph& graph, const GraphNode& node);

// Learned weights of two axes and more: what papers count as a layer.
bool has_weights(const GraphNode& node);
// Such layers on the longest way from an input to the main output (what the first loss reads, else
// the last layer). Heads beside it do not count, nor do shortcuts with fewer layers.
int weight_depth(const Graph& graph);

}  // namespace cnn

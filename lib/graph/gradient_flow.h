// GradientFlow: which layers run backward in a pass, and who writes each gradient first. Backward
// begins at the losses that run in the pass, and at values whose gradients the caller gives
// (`starts`): the output of a layer, the score of a class. What leads to none of them is left out.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "graph/parameter_store.h"

namespace cnn {

struct GradientFlow {
  std::vector<char> runs;          // by node: its backward is called
  std::vector<char> has_gradient;  // by value: somebody writes a gradient of it
  // By node and input: kNone (nobody wants it), kOverwrite (first writer) or kAdd.
  enum class Write : char { kNone, kOverwrite, kAdd };
  std::vector<std::vector<Write>> inputs;
  std::vector<std::vector<Write>> parameters;  // by node and the layer's parameter id
};

GradientFlow gradient_flow(const Graph& graph, const Pass& pass, const ParameterStore& store,
                           const std::vector<int>& starts = {});

}  // namespace cnn

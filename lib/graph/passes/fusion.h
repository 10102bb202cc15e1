// Fusion: a layer absorbs those behind it, so that their work is done while its results are at hand
// (conv + bn + add + relu in testing, bn + add + relu in training).
//
// This pass knows no layers: a layer says by tail() what it does, and the one before it takes that
// over by absorb() (layers/layer.h). Only where nobody else can tell the difference: the value
// between the two has one reader, is no named output and not in `keep`. In testing, layers that do
// nothing are left out as well.
#pragma once

#include <vector>

#include "graph/graph.h"

namespace cnn {

// Changes a graph that is to be run by `pass`. Values keep their ids, so that whoever knows the
// graph as it was finds them (one between joined layers has no producer any more); joined layers
// stand in the place of the last, under the names of all ("layer1.0.bn2 + add + relu"). Graphs for
// gradients to the input, or by another rule than the gradient's, stay as they are: those are asked
// for layer by layer.
void fuse(Graph& graph, const Pass& pass, const std::vector<int>& keep = {});

}  // namespace cnn

// A network's classes against those of its data, before anything is run.
#pragma once

#include "data/dataset.h"
#include "graph/graph.h"
#include "spec/model_spec.h"

namespace cnn {

// For every loss of class scores: fewer outputs than the data have classes are Exit::kSpec, more
// are a warning; both say where the layer stands, both counts, and the remedy.
void check_class_counts(const ModelSpec& spec, const Graph& graph, const DataView& view);

}  // namespace cnn

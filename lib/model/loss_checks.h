// What losses are given, looked at before anything is run.
#pragma once

#include "data/dataset.h"
#include "graph/graph.h"
#include "spec/model_spec.h"

namespace cnn {

// For every loss of class scores: fewer outputs than the data have classes are Exit::kSpec, more
// are a warning; both say where the layer stands, both counts, and the remedy.
void check_class_counts(const ModelSpec& spec, const Graph& graph, const DataView& view);

// Exit::kSpec for losses that cannot take numbers which `standardise` of the data has moved: they
// bound their targets, leave one number out, or read the numbers as weights.
void check_standards(const Graph& graph, const Dataset& data);

// Warns of losses that take scores and are given probabilities: softmax or the sigmoid would be
// taken twice.
void warn_of_double_links(const Graph& graph);

}  // namespace cnn

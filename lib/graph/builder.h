// builder: ModelSpec -> Graph. Expands blocks, repeat, seq, side, branches, `if` and expressions,
// applies `defaults` and `edit`, resolves names, instantiates layers and infers shapes item by item
// (an expression may ask for `in.c`). Rules 1 to 13 of lib/spec/README.md.
#pragma once

#include "graph/graph.h"
#include "graph/parameter_store.h"
#include "spec/model_spec.h"

namespace cnn {

// Builds the graph of a phase. Parameters are added to `store`, or found there by name when another
// phase has added them. Items of `phase: train` exist in training only. Throws Error (Exit::kSpec)
// with up to ten located problems.
Graph build_graph(const ModelSpec& spec, Phase phase, ParameterStore& store);

// As build_graph, but keeps what was built before the first error, for `cnn summary`.
struct PartialGraph {
  Graph graph;
  std::vector<Diagnostic> problems;  // empty: the graph is whole
};
PartialGraph build_partial_graph(const ModelSpec& spec, Phase phase, ParameterStore& store);

}  // namespace cnn

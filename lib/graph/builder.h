// builder: ModelSpec -> Graph. Expands blocks, repeat, seq, side, branches, `if` and expressions,
// applies `defaults` and `edit`, resolves names, instantiates layers and infers shapes item by item
// (an expression may ask for `in.c`). Rules 1 to 13 of lib/spec/README.md; how the work is divided
// stands in lib/graph/builder/README.md.
//
// Losses and their targets. The inputs of a loss are its named inputs, then its references in the
// order of declaration. `target: NAME` is the layer or input of that name if there is one, else a
// data field. A field has no shape before somebody says what it must be, so the loss is set up with
// a rank-0 Shape in its place and says it by Setup::target(i, shape, kind, classes), which the
// builder reads from LayerPlan::fields[i]. Losses that share a field must agree. A target that is a
// layer's value or an input must have the shape that target() says.
//
// Losses are called "loss.NAME" in the graph, NAME being the term's (`name:`, else the op, numbered
// from the second on: mse, mse_2).
#pragma once

#include "graph/graph.h"
#include "graph/parameter_store.h"
#include "spec/model_spec.h"

namespace cnn {

// Builds the graph of a phase. Parameters are added to `store`, or found there by name when another
// phase has added them. Items of `phase: train` exist in training only. Throws Error (Exit::kSpec)
// with up to ten located problems.
Graph build_graph(const ModelSpec& spec, Phase phase, ParameterStore& store);

// As build_graph, but keeps everything that could be built beside the errors, for `cnn summary`.
struct PartialGraph {
  Graph graph;
  std::vector<Diagnostic> problems;  // empty: the graph is whole
};
PartialGraph build_partial_graph(const ModelSpec& spec, Phase phase, ParameterStore& store);

}  // namespace cnn

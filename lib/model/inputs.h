// How a network reads what it is shown beside its data set: files and texts of a command line.
#pragma once

#include <string_view>

#include "data/inputs.h"
#include "graph/graph.h"
#include "model/weights.h"

namespace cnn {

// The one field that a graph takes as input; Exit::kUsage if there are several: "'WHAT' takes
// models with one input".
const GraphField& only_input(const Graph& graph, std::string_view what);

// For open_inputs(): the field, and what the weights know of it.
InputReading input_reading(const GraphField& input, const WeightsInfo& weights);

// What trained on bytes without saying how has seen them from 0 to 1.
Normalization byte_normalization(const WeightsInfo& weights);

}  // namespace cnn

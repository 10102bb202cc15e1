// How a network reads what it is shown beside its data set: files and texts of a command line.
#pragma once

#include <string_view>

#include "data/catalogue.h"
#include "data/inputs.h"
#include "graph/graph.h"
#include "model/weights.h"

namespace cnn {

// The one field that a graph takes as input; Exit::kUsage if there are several: "'WHAT' takes
// models with one input".
const GraphField& only_input(const Graph& graph, std::string_view what);

// For open_inputs(): the field, and what the weights know of it.
InputReading input_reading(const GraphField& input, const WeightsInfo& weights);

// What a network reads, and what its weights know of the data that they were trained on: for
// load_data(). `weights` null: there are none yet.
DataReader data_reader(const Graph& graph, const WeightsInfo* weights = nullptr);

// What the data have done to the numbers that a value is compared with, by the losses: what undoes
// it in the value. Not set where nothing was done.
Standard standard_of(const Graph& graph, const Standards& standards, int value);

// What trained on bytes without saying how has seen them from 0 to 1.
Normalization byte_normalization(const WeightsInfo& weights);

}  // namespace cnn

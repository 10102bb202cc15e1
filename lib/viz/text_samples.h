// Samples that are or have texts, as people read them: a row a sample, its picture if it has one,
// then a line a field.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "graph/graph.h"
#include "viz/kind.h"
#include "viz/subject.h"

namespace cnn {

// True if a graph reads lists of class numbers.
bool reads_texts(const Graph& graph);

// `samples.samples` of a split of the data set, evenly spread, or one after another from
// `samples.first` on: a figure "data", their texts as numbers, and the first few for people.
// Exit::kUsage if the lists stand for no texts.
VizResult text_samples(const VizSubject& subject, const Graph& graph, const SampleOptions& samples);

}  // namespace cnn

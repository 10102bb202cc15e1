// Word vectors: the rows of a layer that has a learned vector for every class number, and what the
// numbers stand for.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"
#include "model/weights.h"

namespace cnn {

// A layer that looks up class numbers in rows of a parameter.
bool has_vectors(const GraphNode& node, const ParameterStore& store);

struct WordVectors {
  std::vector<std::string> names;  // by class number: symbols of a text, names of classes, numbers
  int64_t width = 0;
  std::vector<float> rows;  // [names, width]
  int64_t first = 0;        // the first that is no mark of the vocabulary's own

  const float* row(int64_t i) const { return rows.data() + i * width; }
  int64_t size() const { return static_cast<int64_t>(names.size()); }
  // Exit::kUsage, with a suggestion, for a word that is none of the names.
  int64_t number(const std::string& word) const;
  // The others that lie in the most similar direction, with the cosine of the angle between.
  std::vector<std::pair<int64_t, double>> nearest(int64_t i, int64_t count) const;
};

// Of a node that has such, with its weights.
WordVectors word_vectors(const Graph& graph, const GraphNode& node, const ParameterStore& store,
                         const WeightsInfo& weights);

}  // namespace cnn

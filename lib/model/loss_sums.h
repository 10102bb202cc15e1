// LossSums: the loss terms of a graph, summed over many batches in double.
#pragma once

#include <vector>

#include "graph/executor.h"
#include "graph/graph.h"

namespace cnn {

struct LossSums {
  std::vector<double> numerators;
  std::vector<double> denominators;

  LossSums() = default;
  explicit LossSums(const Graph& graph)
      : numerators(graph.losses.size(), 0), denominators(graph.losses.size(), 0) {}

  // Adds the last forward; returns the weighted total of that batch alone.
  double add(const Graph& graph, const Executor& executor) {
    double total = 0;
    for (size_t i = 0; i < graph.losses.size(); ++i) {
      const Executor::LossSum sum = executor.loss(static_cast<int>(i));
      numerators[i] += sum.numerator;
      denominators[i] += sum.denominator;
      total += graph.losses[i].weight * sum.mean();
    }
    return total;
  }
  double mean(size_t term) const {
    return denominators[term] > 0 ? numerators[term] / denominators[term] : 0;
  }
  double total(const Graph& graph) const {  // weighted
    double total = 0;
    for (size_t i = 0; i < graph.losses.size(); ++i) total += graph.losses[i].weight * mean(i);
    return total;
  }
};

}  // namespace cnn

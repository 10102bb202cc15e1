// t-SNE: points of many dimensions laid out in the plane so that neighbours stay neighbours
// (van der Maaten & Hinton 2008, "Visualizing data using t-SNE").
//
// Attraction acts between the 3 * perplexity nearest neighbours, found exactly; repulsion between
// all pairs, exactly too: n^2 a step, in vectors, which for a few thousand points is faster than
// the trees of Barnes-Hut. The same bits for any number of threads.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace cnn {

struct TsneSettings {
  double perplexity = 30;  // about how many neighbours count; lowered where points are few
  int64_t steps = 750;     // the first quarter with exaggerated attraction
  std::function<void(int64_t done, int64_t total)> progress = {};
};

struct TsneResult {
  std::vector<float> places;  // [n, 2]
  double divergence = 0;      // Kullback-Leibler, of the neighbours' probabilities; lower is better
};

// `points` is [n, dimensions]; `start` [n, 2], of any size: principal components, say.
TsneResult tsne(const std::vector<float>& points, int64_t n, const std::vector<float>& start,
                const TsneSettings& settings);

// The k nearest of all other points for each point, nearest first (the lower number wins a tie):
// indices [n, k] and squared distances [n, k].
struct Neighbours {
  int64_t k = 0;
  std::vector<int32_t> indices;
  std::vector<float> squares;
};
Neighbours nearest_neighbours(const std::vector<float>& points, int64_t n, int64_t k);

// The share of points whose class most of their k nearest neighbours have (of equal counts the
// class of the nearer neighbour wins): how well classes are kept apart.
double neighbour_accuracy(const std::vector<float>& points, const std::vector<int64_t>& classes,
                          int64_t k);

}  // namespace cnn

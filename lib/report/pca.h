// Principal components: the best linear code of given length, against which linear autoencoders are
// measured (Baldi & Hornik 1989, "Neural networks and principal component analysis").
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "tensor/view.h"

namespace cnn {

struct Pca {
  int64_t numbers = 0;             // of one sample
  std::vector<double> mean;        // [numbers]
  std::vector<double> variances;   // [components], the largest first
  std::vector<double> directions;  // [components, numbers], orthonormal

  int64_t components() const { return static_cast<int64_t>(variances.size()); }
};

// Hands one batch after another to `use`, the same ones each time that it is called.
using Batches = std::function<void(const std::function<void(const ConstView&)>& use)>;

// The table of covariances has the square of it.
inline constexpr int64_t kMostPcaNumbers = 4096;

// Two passes over the batches: means, then covariances. `numbers` of one sample.
Pca fit_pca(int64_t components, int64_t numbers, const Batches& batches);

// The mean over samples and numbers of the squared error that projecting leaves.
double projection_error(const Pca& pca, const Batches& batches);

// The angles between what the directions of both span, in radians, the largest first; both have the
// same number of components.
std::vector<double> principal_angles(const Pca& a, const Pca& b);

}  // namespace cnn

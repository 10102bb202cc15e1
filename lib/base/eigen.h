// Eigenvalues and eigenvectors of a symmetric matrix, in double: for principal components and
// embeddings. Good for n up to a few thousand (n = 1000: about two seconds on two cores).
#pragma once

#include <cstdint>
#include <vector>

namespace cnn {

struct SymmetricEigen {
  std::vector<double> values;   // n, the largest first
  std::vector<double> vectors;  // [n, n]: row i belongs to values[i]; orthonormal
};

// `matrix` is n x n, row-major; only its symmetric part counts. Of a vector and its opposite the
// one whose largest number is positive is given, so that the result is unique where eigenvalues
// differ; the same bits for any number of threads. Numbers that are not finite are Exit::kInput.
//
// Householder's reduction to a tridiagonal matrix, then QL with implicit shifts (Bowdler, Martin,
// Reinsch & Wilkinson 1968, "The QR and QL algorithms for symmetric matrices").
SymmetricEigen symmetric_eigen(std::vector<double> matrix, int64_t n);

}  // namespace cnn

#include "base/eigen.h"

#include <cmath>

#include "base/error.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "support/catch.h"

namespace cnn {
namespace {

using Matrix = std::vector<double>;

Matrix random_symmetric(int64_t n, uint64_t seed) {
  const Rng rng(seed, "matrix");
  Matrix a(static_cast<size_t>(n * n));
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j <= i; ++j) {
      const double x = static_cast<double>(rng.normal(static_cast<uint64_t>(i * n + j)));
      a[static_cast<size_t>(i * n + j)] = a[static_cast<size_t>(j * n + i)] = x;
    }
  }
  return a;
}

// The largest of |A v - value v| and |V V^T - 1|.
double worst_error(const Matrix& a, const SymmetricEigen& eigen, int64_t n) {
  double worst = 0;
  for (int64_t k = 0; k < n; ++k) {
    const double* v = eigen.vectors.data() + k * n;
    for (int64_t i = 0; i < n; ++i) {
      double sum = -eigen.values[static_cast<size_t>(k)] * v[i];
      for (int64_t j = 0; j < n; ++j) sum += a[static_cast<size_t>(i * n + j)] * v[j];
      worst = std::max(worst, std::abs(sum));
    }
    for (int64_t other = 0; other <= k; ++other) {
      double product = other == k ? -1 : 0;
      for (int64_t j = 0; j < n; ++j) {
        product += v[j] * eigen.vectors[static_cast<size_t>(other * n + j)];
      }
      worst = std::max(worst, std::abs(product));
    }
  }
  return worst;
}

}  // namespace

TEST_CASE("eigenvectors of random symmetric matrices are orthonormal and fit") {
  for (const int64_t n : {1, 2, 3, 4, 7, 16, 33, 100}) {
    const Matrix a = random_symmetric(n, static_cast<uint64_t>(n));
    const SymmetricEigen eigen = symmetric_eigen(a, n);
    INFO("n = " << n);
    CHECK(worst_error(a, eigen, n) < 1e-12 * static_cast<double>(n + 10));
    CHECK(std::is_sorted(eigen.values.rbegin(), eigen.values.rend()));
  }
}

TEST_CASE("known eigenvalues: a diagonal, a pair, a chain of springs, one of rank one") {
  const SymmetricEigen diagonal = symmetric_eigen({3, 0, 0, 0, -1, 0, 0, 0, 7}, 3);
  CHECK(diagonal.values == Matrix{7, 3, -1});
  CHECK(diagonal.vectors == Matrix{0, 0, 1, 1, 0, 0, 0, 1, 0});

  const SymmetricEigen pair = symmetric_eigen({2, 1, 1, 2}, 2);
  CHECK(pair.values[0] == Approx(3));
  CHECK(pair.values[1] == Approx(1));
  CHECK(std::abs(pair.vectors[0]) == Approx(std::sqrt(0.5)));

  constexpr int64_t n = 40;
  Matrix chain(n * n, 0), ones(n * n, 1);
  for (size_t i = 0; i < n; ++i) {
    chain[i * n + i] = 2;
    if (i + 1 < n) chain[i * n + i + 1] = chain[(i + 1) * n + i] = -1;
  }
  const SymmetricEigen springs = symmetric_eigen(chain, n);
  for (int64_t k = 0; k < n; ++k) {
    const double s = std::sin(M_PI * static_cast<double>(n - k) / (2 * (n + 1)));
    CHECK(springs.values[static_cast<size_t>(k)] == Approx(4 * s * s).epsilon(1e-12));
  }
  const SymmetricEigen one = symmetric_eigen(ones, n);
  CHECK(one.values[0] == Approx(n));
  CHECK(std::abs(one.values[1]) < 1e-13);
  CHECK(worst_error(ones, one, n) < 1e-12);
}

TEST_CASE("covariances of images: few directions, rows of zeros, and rows of rounding errors") {
  constexpr int64_t n = 120, directions = 5;
  const Rng rng(9, "pixels");
  std::vector<float> pixels(n * directions);
  for (size_t i = 0; i < pixels.size(); ++i) {
    const size_t row = i / directions;
    const double scale = row % 3 == 0 ? 0 : std::pow(10.0, -static_cast<double>(row % 23));
    pixels[i] = static_cast<float>(scale * static_cast<double>(rng.normal(i)));
  }
  Matrix a(n * n, 0);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) {
      for (size_t k = 0; k < directions; ++k) {
        a[i * n + j] +=
            static_cast<double>(pixels[i * directions + k] * pixels[j * directions + k]);
      }
    }
  }
  CHECK(worst_error(a, symmetric_eigen(a, n), n) < 1e-12);
}

TEST_CASE("matrices of zeros, and of numbers large and small, do no harm") {
  const SymmetricEigen zero = symmetric_eigen(Matrix(25, 0), 5);
  CHECK(zero.values == Matrix(5, 0));
  CHECK(worst_error(Matrix(25, 0), zero, 5) == 0);
  Matrix large = random_symmetric(12, 1);
  for (double& x : large) x *= 1e150;
  Matrix scaled = large;
  const SymmetricEigen eigen = symmetric_eigen(large, 12);
  for (double x : eigen.values) CHECK(std::isfinite(x));
  for (double& x : scaled) x *= 1e-300;
  CHECK(symmetric_eigen(scaled, 12).values[0] == Approx(eigen.values[0] * 1e-300));
}

TEST_CASE("eigenvalues have the same bits for any number of threads") {
  const Matrix a = random_symmetric(150, 5);
  const int before = threads();
  set_threads(1);
  const SymmetricEigen one = symmetric_eigen(a, 150);
  set_threads(3);
  const SymmetricEigen three = symmetric_eigen(a, 150);
  set_threads(before);
  CHECK(one.values == three.values);
  CHECK(one.vectors == three.vectors);
}

TEST_CASE("a matrix that is not finite is an error") {
  CHECK_THROWS_AS(symmetric_eigen({1, NAN, NAN, 1}, 2), Error);
  CHECK_THROWS_AS(symmetric_eigen({INFINITY}, 1), Error);
}

}  // namespace cnn

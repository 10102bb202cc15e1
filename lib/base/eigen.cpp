#include "base/eigen.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "base/parallel.h"

namespace cnn {
namespace {

// In eight lanes, so that it vectorises in a fixed order.
double dot(const double* a, const double* b, int64_t count) {
  constexpr int64_t kLanes = 8;
  double lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int64_t l = 0; l < kLanes; ++l) lanes[l] += a[i + l] * b[i + l];
  }
  double sum = 0;
  for (; i < count; ++i) sum += a[i] * b[i];
  for (const double lane : lanes) sum += lane;
  return sum;
}

// y += factor * x.
void add_scaled(double factor, const double* x, double* y, int64_t count) {
#pragma GCC ivdep
  for (int64_t i = 0; i < count; ++i) y[i] += factor * x[i];
}

// Q^T A Q = T, tridiagonal, with Q a product of reflections I - factor v v^T.
class Tridiagonal {
 public:
  Tridiagonal(std::vector<double>& a, int64_t n)
      : diagonal(size(n)), beside(size(n)), a_(a), n_(n), factors_(size(n)), work_(size(n)) {
    for (int64_t k = 0; k + 2 < n; ++k) reflect(k);
    if (n > 1) beside[size(n - 2)] = row(n - 2)[n - 1];
    for (int64_t k = 0; k < n; ++k) diagonal[size(k)] = row(k)[k];
  }

  // Q^T, n x n.
  std::vector<double> transform() {
    std::vector<double> q(size(n_ * n_), 0.0);
    for (int64_t i = 0; i < n_; ++i) q[size(i * n_ + i)] = 1;
    for (int64_t k = n_ - 3; k >= 0; --k) {
      const int64_t first = k + 1, count = n_ - first;
      const double factor = factors_[size(k)];
      if (factor == 0) continue;
      const double* v = row(k) + first;
      parallel_for(count, grain_for(count, 4 * count), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          double* target = q.data() + (first + i) * n_ + first;
          add_scaled(-factor * dot(target, v, count), v, target, count);
        }
      });
    }
    return q;
  }

  std::vector<double> diagonal;
  std::vector<double> beside;  // beside[i] stands between i and i + 1

 private:
  static size_t size(int64_t i) { return static_cast<size_t>(i); }
  double* row(int64_t i) { return a_.data() + i * n_; }

  // Clears row and column k beyond the neighbour of the diagonal; v stays in row k.
  void reflect(int64_t k) {
    const int64_t first = k + 1, count = n_ - first;
    double* v = row(k) + first;
    const double largest = std::abs(*std::max_element(
        v, v + count, [](double a, double b) { return std::abs(a) < std::abs(b); }));
    if (largest == 0) return;  // factor and neighbour are 0
    for (int64_t i = 0; i < count; ++i) v[i] /= largest;
    const double norm = std::sqrt(dot(v, v, count));
    const double signed_norm = v[0] > 0 ? -norm : norm;
    beside[size(k)] = signed_norm * largest;
    v[0] -= signed_norm;
    const double factor = 2 / dot(v, v, count);
    factors_[size(k)] = factor;

    // With p = factor A v and w = p - factor / 2 (p v) v:  A -= v w^T + w v^T.
    double* w = work_.data();
    parallel_for(count, grain_for(count, 2 * count), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) w[i] = factor * dot(row(first + i) + first, v, count);
    });
    add_scaled(-factor / 2 * dot(w, v, count), v, w, count);
    parallel_for(count, grain_for(count, 4 * count), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        double* target = row(first + i) + first;
        const double vi = v[i], wi = w[i];
#pragma GCC ivdep
        for (int64_t j = 0; j < count; ++j) target[j] -= vi * w[j] + wi * v[j];
      }
    });
  }

  std::vector<double>& a_;
  int64_t n_;
  std::vector<double> factors_, work_;
};

// QL on (diagonal, beside); the rotations are applied to the rows of `vectors`.
class Ql {
 public:
  Ql(Tridiagonal& t, std::vector<double>& vectors, int64_t n)
      : d_(t.diagonal), e_(t.beside), vectors_(vectors), n_(n) {
    rotations_.reserve(static_cast<size_t>(n));
    double norm = 0;
    for (int64_t i = 0; i < n; ++i) norm = std::max(norm, std::abs(d(i)) + std::abs(e(i)));
    negligible_ = std::numeric_limits<double>::epsilon() * norm;
    for (int64_t first = 0; first < n; ++first) {
      constexpr int kMostSweeps = 100;  // two are usual
      for (int sweeps = 0;; ++sweeps) {
        const int64_t last = end_of_block(first);
        if (last == first) break;
        CNN_ASSERT(sweeps < kMostSweeps);
        sweep(first, last);
        rotate_rows(last);
      }
    }
  }

 private:
  struct Rotation {
    double c, s;
  };

  double& d(int64_t i) { return d_[static_cast<size_t>(i)]; }
  double& e(int64_t i) { return e_[static_cast<size_t>(i)]; }

  // The first index from `first` on whose neighbour is as good as 0: beside the whole matrix, for
  // where it is nearly 0 all around (pixels that are always black) nothing is small beside that.
  int64_t end_of_block(int64_t first) {
    int64_t m = first;
    while (m + 1 < n_ && std::abs(e(m)) > negligible_) ++m;
    return m;
  }

  // One sweep from `last` up to `first`, with Wilkinson's shift.
  void sweep(int64_t first, int64_t last) {
    rotations_.clear();
    const double half = (d(first + 1) - d(first)) / (2 * e(first));
    double g = d(last) - d(first) + e(first) / (half + std::copysign(std::hypot(half, 1.0), half));
    double c = 1, s = 1, moved = 0;
    for (int64_t i = last - 1; i >= first; --i) {
      const double f = s * e(i), b = c * e(i);
      const double r = std::hypot(f, g);
      e(i + 1) = r;
      if (r == 0) {  // the block falls apart here
        d(i + 1) -= moved;
        e(last) = 0;
        return;
      }
      s = f / r;
      c = g / r;
      g = d(i + 1) - moved;
      const double t = (d(i) - g) * s + 2 * c * b;
      moved = s * t;
      d(i + 1) = g + moved;
      g = c * t - b;
      rotations_.push_back({c, s});
    }
    d(first) -= moved;
    e(first) = g;
    e(last) = 0;
  }

  // Rotation k turns rows last-1-k and last-k. By columns, so that a strip stays in the cache.
  void rotate_rows(int64_t last) {
    constexpr int64_t kStrip = 64;
    parallel_for(n_, kStrip, [&](int64_t begin, int64_t end) {
      for (size_t k = 0; k < rotations_.size(); ++k) {
        const auto [c, s] = rotations_[k];
        double* lower = vectors_.data() + (last - static_cast<int64_t>(k)) * n_;
        double* upper = lower - n_;
#pragma GCC ivdep
        for (int64_t j = begin; j < end; ++j) {
          const double x = upper[j], y = lower[j];
          lower[j] = s * x + c * y;
          upper[j] = c * x - s * y;
        }
      }
    });
  }

  std::vector<double>&d_, &e_, &vectors_;
  int64_t n_;
  double negligible_ = 0;
  std::vector<Rotation> rotations_;
};

}  // namespace

SymmetricEigen symmetric_eigen(std::vector<double> matrix, int64_t n) {
  CNN_ASSERT(n >= 1 && static_cast<int64_t>(matrix.size()) == n * n);
  const auto at = [n](int64_t i, int64_t j) { return static_cast<size_t>(i * n + j); };
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j <= i; ++j) {
      const double mean = (matrix[at(i, j)] + matrix[at(j, i)]) / 2;
      if (!std::isfinite(mean)) {
        fail(Exit::kInput, "", "a matrix with numbers that are not finite has no eigenvalues");
      }
      matrix[at(i, j)] = matrix[at(j, i)] = mean;
    }
  }
  Tridiagonal tridiagonal(matrix, n);
  std::vector<double> rows = tridiagonal.transform();
  Ql(tridiagonal, rows, n);

  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  const std::vector<double>& values = tridiagonal.diagonal;
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return values[static_cast<size_t>(a)] > values[static_cast<size_t>(b)];
  });
  SymmetricEigen result;
  result.vectors.reserve(rows.size());
  for (const int64_t i : order) {
    result.values.push_back(values[static_cast<size_t>(i)]);
    const auto begin = rows.begin() + i * n;
    const double largest = *std::max_element(
        begin, begin + n, [](double a, double b) { return std::abs(a) < std::abs(b); });
    const double sign = largest < 0 ? -1 : 1;
    for (int64_t j = 0; j < n; ++j) result.vectors.push_back(sign * begin[j]);
  }
  return result;
}

}  // namespace cnn

#include "report/pca.h"

#include <algorithm>
#include <cmath>

#include "base/eigen.h"
#include "base/error.h"
#include "kernels/gemm.h"

namespace cnn {
namespace {

// The batch less the mean, in `centred`.
void centre(const ConstView& batch, const std::vector<double>& mean, std::vector<float>& centred) {
  const auto numbers = static_cast<int64_t>(mean.size());
  centred.resize(static_cast<size_t>(batch.count()));
  for (int64_t i = 0; i < batch.count(); ++i) {
    centred[static_cast<size_t>(i)] = static_cast<float>(static_cast<double>(batch.data[i]) -
                                                         mean[static_cast<size_t>(i % numbers)]);
  }
}

std::vector<double> mean_of(int64_t numbers, const Batches& batches, int64_t& samples) {
  std::vector<double> mean(static_cast<size_t>(numbers), 0.0);
  samples = 0;
  batches([&](const ConstView& batch) {
    CNN_ASSERT(batch.shape.count() == numbers);
    for (int64_t i = 0; i < batch.count(); ++i) {
      mean[static_cast<size_t>(i % numbers)] += static_cast<double>(batch.data[i]);
    }
    samples += batch.batch;
  });
  for (double& x : mean) x /= static_cast<double>(samples);
  return mean;
}

// Products of a batch in float, their sum over the batches in double.
std::vector<double> covariances(const std::vector<double>& mean, const Batches& batches) {
  const auto numbers = static_cast<int64_t>(mean.size());
  std::vector<double> sum(static_cast<size_t>(numbers * numbers), 0.0);
  std::vector<float> centred, product(sum.size());
  int64_t samples = 0;
  batches([&](const ConstView& batch) {
    centre(batch, mean, centred);
    gemm(Op::kTranspose, Op::kNone, numbers, numbers, batch.batch, 1, centred.data(), numbers,
         centred.data(), numbers, 0, product.data(), numbers);
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += static_cast<double>(product[i]);
    samples += batch.batch;
  });
  for (double& x : sum) x /= static_cast<double>(samples);
  return sum;
}

}  // namespace

Pca fit_pca(int64_t components, int64_t numbers, const Batches& batches) {
  if (numbers > kMostPcaNumbers) {
    fail(Exit::kUsage, "", "principal components of {} numbers are too many; the limit is {}",
         numbers, kMostPcaNumbers);
  }
  int64_t samples = 0;
  Pca pca;
  pca.numbers = numbers;
  pca.mean = mean_of(numbers, batches, samples);
  if (components < 1 || components > std::min(numbers, samples)) {
    fail(Exit::kUsage, "", "{} principal components of {} samples with {} numbers; 1 to {} exist",
         components, samples, numbers, std::min(numbers, samples));
  }
  SymmetricEigen eigen = symmetric_eigen(covariances(pca.mean, batches), numbers);
  eigen.values.resize(static_cast<size_t>(components));
  eigen.vectors.resize(static_cast<size_t>(components * numbers));
  pca.variances = std::move(eigen.values);
  pca.directions = std::move(eigen.vectors);
  return pca;
}

double projection_error(const Pca& pca, const Batches& batches) {
  const int64_t components = pca.components();
  const std::vector<float> directions(pca.directions.begin(), pca.directions.end());
  std::vector<float> centred, code;
  double sum = 0;
  int64_t count = 0;
  batches([&](const ConstView& batch) {
    centre(batch, pca.mean, centred);
    code.resize(static_cast<size_t>(batch.batch * components));
    gemm(Op::kNone, Op::kTranspose, batch.batch, components, pca.numbers, 1, centred.data(),
         pca.numbers, directions.data(), pca.numbers, 0, code.data(), components);
    gemm(Op::kNone, Op::kNone, batch.batch, pca.numbers, components, -1, code.data(), components,
         directions.data(), pca.numbers, 1, centred.data(), pca.numbers);
    for (const float x : centred) sum += static_cast<double>(x) * static_cast<double>(x);
    count += batch.count();
  });
  return sum / static_cast<double>(count);
}

// The sines: with M = A B^T, the eigenvalues of 1 - M M^T are their squares. Exact for small
// angles, where the cosines would not be.
std::vector<double> principal_angles(const Pca& a, const Pca& b) {
  CNN_ASSERT(a.components() == b.components() && a.numbers == b.numbers);
  const auto k = static_cast<size_t>(a.components()), n = static_cast<size_t>(a.numbers);
  // What is left of every direction of `a` outside the span of `b`.
  std::vector<double> left = a.directions;
  for (size_t i = 0; i < k; ++i) {
    for (size_t j = 0; j < k; ++j) {
      double product = 0;
      for (size_t p = 0; p < n; ++p) product += a.directions[i * n + p] * b.directions[j * n + p];
      for (size_t p = 0; p < n; ++p) left[i * n + p] -= product * b.directions[j * n + p];
    }
  }
  std::vector<double> squares(k * k);
  for (size_t i = 0; i < k; ++i) {
    for (size_t j = 0; j < k; ++j) {
      double product = 0;
      for (size_t p = 0; p < n; ++p) product += left[i * n + p] * left[j * n + p];
      squares[i * k + j] = product;
    }
  }
  std::vector<double> angles;
  for (const double square : symmetric_eigen(squares, a.components()).values) {
    angles.push_back(std::asin(std::sqrt(std::clamp(square, 0.0, 1.0))));
  }
  return angles;
}

}  // namespace cnn

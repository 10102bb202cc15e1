#include "data/colour.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"

namespace cnn {
namespace {

using Matrix = std::vector<double>;  // square, row by row

Matrix covariance(std::span<const float> values, size_t channels) {
  const double rows = static_cast<double>(values.size() / channels);
  std::vector<double> mean(channels, 0);
  for (size_t i = 0; i < values.size(); ++i) mean[i % channels] += static_cast<double>(values[i]);
  for (double& m : mean) m /= rows;
  Matrix sums(channels * channels, 0);
  for (size_t first = 0; first < values.size(); first += channels) {
    for (size_t a = 0; a < channels; ++a) {
      for (size_t b = 0; b < channels; ++b) {
        sums[a * channels + b] += (static_cast<double>(values[first + a]) - mean[a]) *
                                  (static_cast<double>(values[first + b]) - mean[b]);
      }
    }
  }
  for (double& s : sums) s /= rows;
  return sums;
}

// One Jacobi rotation that makes matrix[p][q] zero; `vectors` has the eigenvectors as columns.
void rotate(Matrix& matrix, Matrix& vectors, size_t n, size_t p, size_t q) {
  const double off = matrix[p * n + q];
  if (off == 0) return;
  const double theta = (matrix[q * n + q] - matrix[p * n + p]) / (2 * off);
  const double t = (theta < 0 ? -1 : 1) / (std::abs(theta) + std::sqrt(theta * theta + 1));
  const double c = 1 / std::sqrt(t * t + 1), s = t * c;
  for (size_t k = 0; k < n; ++k) {
    const double kp = matrix[k * n + p], kq = matrix[k * n + q];
    matrix[k * n + p] = c * kp - s * kq;
    matrix[k * n + q] = s * kp + c * kq;
  }
  for (size_t k = 0; k < n; ++k) {
    const double pk = matrix[p * n + k], qk = matrix[q * n + k];
    matrix[p * n + k] = c * pk - s * qk;
    matrix[q * n + k] = s * pk + c * qk;
  }
  for (size_t k = 0; k < n; ++k) {
    const double kp = vectors[k * n + p], kq = vectors[k * n + q];
    vectors[k * n + p] = c * kp - s * kq;
    vectors[k * n + q] = s * kp + c * kq;
  }
}

}  // namespace

std::vector<float> principal_components(std::span<const float> values, int64_t channels) {
  const auto n = static_cast<size_t>(channels);
  CNN_ASSERT(n >= 1 && values.size() >= n && values.size() % n == 0);
  Matrix matrix = covariance(values, n), vectors(n * n, 0);
  for (size_t i = 0; i < n; ++i) vectors[i * n + i] = 1;
  constexpr int kSweeps = 12;  // they converge quadratically
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    for (size_t p = 0; p < n; ++p) {
      for (size_t q = p + 1; q < n; ++q) rotate(matrix, vectors, n, p, q);
    }
  }
  std::vector<float> rows(n * n);
  for (size_t i = 0; i < n; ++i) {
    const double deviation = std::sqrt(std::max(matrix[i * n + i], 0.0));
    for (size_t c = 0; c < n; ++c) {
      rows[i * n + c] = static_cast<float>(vectors[c * n + i] * deviation);
    }
  }
  return rows;
}

namespace {

void add_noise(float deviation, const std::vector<float>& white, int64_t count,
               RandomSequence& random, float* values) {
  // Box-Muller in pairs: two normal numbers of two uniform ones.
  const size_t channels = white.size();
  const auto scaled = [&](int64_t i) {
    return deviation * white[static_cast<size_t>(i) % channels];
  };
  for (int64_t i = 0; i < count; i += 2) {
    const float radius = std::sqrt(-2 * std::log(1 - random.uniform()));
    const float angle = 2 * std::numbers::pi_v<float> * random.uniform();
    values[i] += scaled(i) * radius * std::cos(angle);
    if (i + 1 < count) values[i + 1] += scaled(i + 1) * radius * std::sin(angle);
  }
}

void cut_out(const PictureSize& size, const Shape& shape, RandomSequence& random, float* values) {
  const int64_t height = shape.height(), width = shape.width(), channels = shape.channels();
  const auto middle_y = static_cast<int64_t>(random.below(static_cast<uint64_t>(height)));
  const auto middle_x = static_cast<int64_t>(random.below(static_cast<uint64_t>(width)));
  const int64_t top = std::max<int64_t>(middle_y - size.height / 2, 0);
  const int64_t bottom = std::min(middle_y - size.height / 2 + size.height, height);
  const int64_t left = std::max<int64_t>(middle_x - size.width / 2, 0);
  const int64_t right = std::min(middle_x - size.width / 2 + size.width, width);
  for (int64_t y = top; y < bottom; ++y) {
    std::fill_n(values + (y * width + left) * channels, (right - left) * channels, 0.0f);
  }
}

}  // namespace

void change_colours(const ColourOptions& options, const Normalization& normalization,
                    const std::vector<float>& components, const Shape& shape,
                    RandomSequence& random, float* values) {
  const auto channels = static_cast<size_t>(shape.channels());
  const int64_t positions = shape.positions();
  std::vector<float> white(channels), add(channels, 0), mean(channels, 0);  // white: of 1, per std
  for (size_t c = 0; c < channels; ++c) {
    const auto& std = normalization.std;
    white[c] = static_cast<float>(1 / std[std.size() == 1 ? 0 : c]);
  }
  if (options.brightness > 0) {
    const auto most = static_cast<float>(options.brightness);
    const float level = random.uniform(-most, most);
    for (size_t c = 0; c < channels; ++c) add[c] += level * white[c];
  }
  if (options.components > 0) {
    CNN_ASSERT(components.size() == channels * channels);
    for (size_t i = 0; i < channels; ++i) {
      const float a = static_cast<float>(options.components) * random.normal();
      for (size_t c = 0; c < channels; ++c) add[c] += a * components[i * channels + c];
    }
  }
  float factor = 1;
  if (options.contrast.is_set()) {
    factor = random.uniform(static_cast<float>(options.contrast.low),
                            static_cast<float>(options.contrast.high));
    for (size_t c = 0; c < channels; ++c) {
      double sum = 0;
      for (int64_t p = 0; p < positions; ++p) {
        sum += static_cast<double>(values[static_cast<size_t>(p) * channels + c]);
      }
      mean[c] = static_cast<float>(sum / static_cast<double>(positions));
    }
  }
  for (size_t c = 0; c < channels; ++c) add[c] += (1 - factor) * mean[c];
  for (int64_t p = 0; p < positions; ++p) {
    float* pixel = values + static_cast<size_t>(p) * channels;
    for (size_t c = 0; c < channels; ++c) pixel[c] = factor * pixel[c] + add[c];
  }
  if (options.noise > 0) {
    add_noise(static_cast<float>(options.noise), white, shape.count(), random, values);
  }
  if (options.cutout.is_set()) cut_out(options.cutout, shape, random, values);
}

}  // namespace cnn

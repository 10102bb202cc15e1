#include "data/transforms.h"

#include <algorithm>

#include "base/error.h"

namespace cnn {
namespace {

double of_channel(const std::vector<double>& values, int64_t channel) {
  return values.size() == 1 ? values[0] : values.at(static_cast<size_t>(channel));
}

}  // namespace

bool Normalization::is_identity() const {
  const auto all = [](const std::vector<double>& values, double x) {
    return std::all_of(values.begin(), values.end(), [x](double v) { return v == x; });
  };
  return scale == 1 && all(mean, 0) && all(std, 1);
}

Normalization Normalization::of_bytes() const {
  Normalization result = *this;
  if (is_identity()) result.scale = 1.0 / 255;
  return result;
}

Normalization Normalization::of_negatives(double white) const {
  Normalization result = *this;
  result.scale = -scale;
  for (double& m : result.mean) m -= white * scale;
  return result;
}

double Normalization::done(double x, int64_t channel) const {
  return (x * scale - of_channel(mean, channel)) / of_channel(std, channel);
}
double Normalization::undone(double y, int64_t channel) const {
  return (y * of_channel(std, channel) + of_channel(mean, channel)) / scale;
}

void Normalization::apply(float* values, int64_t positions, int64_t channels) const {
  if (is_identity()) return;
  for (int64_t c = 0; c < channels; ++c) {
    const double m = of_channel(mean, c), s = of_channel(std, c);
    for (int64_t p = 0; p < positions; ++p) {
      float& value = values[p * channels + c];
      value = static_cast<float>((value * scale - m) / s);
    }
  }
}

std::vector<float> Normalization::byte_table(int64_t channels) const {
  constexpr int64_t kBytes = 256;
  std::vector<float> table(static_cast<size_t>(kBytes * channels));
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t b = 0; b < kBytes; ++b) {
      table[static_cast<size_t>(c * kBytes + b)] = static_cast<float>(b);
    }
    // One channel at a time: its 256 values are 256 positions of one channel.
    const Normalization one{scale, {of_channel(mean, c)}, {of_channel(std, c)}};
    one.apply(table.data() + c * kBytes, kBytes, 1);
  }
  return table;
}

}  // namespace cnn

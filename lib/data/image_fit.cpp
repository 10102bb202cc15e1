#include "data/image_fit.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/error.h"

namespace cnn {
namespace {

// One axis: output i is the sum of weights[i * taps + t] * input[first[i] + t].
struct Filter {
  int64_t taps = 0;
  std::vector<int64_t> first;
  std::vector<float> weights;
};

// Outputs of an axis whose input is `scale` times as long; output 0 begins at input `begin`. A
// triangle of half width max(1, scale), its part within the input normalised to 1.
Filter make_filter(int64_t inputs, int64_t outputs, double scale, double begin) {
  const double support = std::max(1.0, scale);
  Filter filter;
  filter.taps = std::min(inputs, static_cast<int64_t>(std::ceil(2 * support)) + 1);
  filter.weights.assign(static_cast<size_t>(outputs * filter.taps), 0);
  for (int64_t i = 0; i < outputs; ++i) {
    const double center = begin + (static_cast<double>(i) + 0.5) * scale - 0.5;
    const auto first = std::clamp(static_cast<int64_t>(std::ceil(center - support)), int64_t{0},
                                  inputs - filter.taps);
    filter.first.push_back(first);
    double sum = 0;
    std::vector<double> row;
    for (int64_t t = 0; t < filter.taps; ++t) {
      const double distance = std::abs(static_cast<double>(first + t) - center);
      row.push_back(std::max(0.0, 1 - distance / support));
      sum += row.back();
    }
    for (int64_t t = 0; t < filter.taps; ++t) {
      filter.weights[static_cast<size_t>(i * filter.taps + t)] =
          static_cast<float>(row[static_cast<size_t>(t)] / sum);
    }
  }
  return filter;
}

std::vector<float> filter_row(const uint8_t* row, const Filter& filter, int64_t channels) {
  std::vector<float> out(filter.first.size() * static_cast<size_t>(channels), 0);
  for (size_t i = 0; i < filter.first.size(); ++i) {
    const float* weights = filter.weights.data() + i * static_cast<size_t>(filter.taps);
    float* to = out.data() + i * static_cast<size_t>(channels);
    for (int64_t t = 0; t < filter.taps; ++t) {
      const uint8_t* from = row + (filter.first[i] + t) * channels;
      for (int64_t c = 0; c < channels; ++c) to[c] += weights[t] * static_cast<float>(from[c]);
    }
  }
  return out;
}

uint8_t rounded(float value) {
  return static_cast<uint8_t>(std::clamp(std::floor(value + 0.5f), 0.0f, 255.0f));
}

}  // namespace

Image fit_image(Image image, int64_t height, int64_t width) {
  CNN_ASSERT(height > 0 && width > 0 && image.height > 0 && image.width > 0);
  if (image.height == height && image.width == width) return image;
  const auto size = [](int64_t n) { return static_cast<double>(n); };
  const double scale = std::min(size(image.height) / size(height), size(image.width) / size(width));
  const Filter down =
      make_filter(image.height, height, scale, (size(image.height) - scale * size(height)) / 2);
  const Filter across =
      make_filter(image.width, width, scale, (size(image.width) - scale * size(width)) / 2);

  // Rows are filtered across once, those of the window [first, first + taps) are kept.
  const int64_t row_size = width * image.channels;
  Image out{height, width, image.channels, {}};
  out.values.resize(static_cast<size_t>(height * row_size));
  std::vector<std::vector<float>> rows(static_cast<size_t>(image.height));
  std::vector<float> sum;
  int64_t kept_from = 0;
  for (int64_t y = 0; y < height; ++y) {
    const int64_t first = down.first[static_cast<size_t>(y)];
    for (; kept_from < first; ++kept_from) rows[static_cast<size_t>(kept_from)] = {};
    sum.assign(static_cast<size_t>(row_size), 0);
    for (int64_t t = 0; t < down.taps; ++t) {
      std::vector<float>& row = rows[static_cast<size_t>(first + t)];
      if (row.empty()) row = filter_row(image.row(first + t), across, image.channels);
      const float weight = down.weights[static_cast<size_t>(y * down.taps + t)];
      for (size_t i = 0; i < sum.size(); ++i) sum[i] += weight * row[i];
    }
    uint8_t* to = out.values.data() + y * row_size;
    for (size_t i = 0; i < sum.size(); ++i) to[i] = rounded(sum[i]);
  }
  return out;
}

}  // namespace cnn

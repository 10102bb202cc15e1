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

template <class T>
std::vector<float> filter_row(const T* row, const Filter& filter, int64_t channels) {
  std::vector<float> out(filter.first.size() * static_cast<size_t>(channels), 0);
  for (size_t i = 0; i < filter.first.size(); ++i) {
    const float* weights = filter.weights.data() + i * static_cast<size_t>(filter.taps);
    float* to = out.data() + i * static_cast<size_t>(channels);
    for (int64_t t = 0; t < filter.taps; ++t) {
      const T* from = row + (filter.first[i] + t) * channels;
      for (int64_t c = 0; c < channels; ++c) to[c] += weights[t] * static_cast<float>(from[c]);
    }
  }
  return out;
}

void store(float value, uint8_t& out) {
  out = static_cast<uint8_t>(std::clamp(std::floor(value + 0.5f), 0.0f, 255.0f));
}
void store(float value, float& out) { out = value; }

// The middle part that has the shape of the result, as large as it fits in.
struct Cover {
  double scale = 1;
  double top = 0;
  double left = 0;
};
template <class T>
Cover cover(const Pixels<T>& image, int64_t height, int64_t width) {
  CNN_ASSERT(height > 0 && width > 0 && image.height > 0 && image.width > 0);
  const auto size = [](int64_t n) { return static_cast<double>(n); };
  const double scale = std::min(size(image.height) / size(height), size(image.width) / size(width));
  return {scale, (size(image.height) - scale * size(height)) / 2,
          (size(image.width) - scale * size(width)) / 2};
}

template <class T>
Pixels<T> fit(Pixels<T> image, int64_t height, int64_t width) {
  if (image.height == height && image.width == width) return image;
  const Cover part = cover(image, height, width);
  const Filter down = make_filter(image.height, height, part.scale, part.top);
  const Filter across = make_filter(image.width, width, part.scale, part.left);

  // Rows are filtered across once, those of the window [first, first + taps) are kept.
  const int64_t row_size = width * image.channels;
  Pixels<T> out{height, width, image.channels, {}};
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
    T* to = out.values.data() + y * row_size;
    for (size_t i = 0; i < sum.size(); ++i) store(sum[i], to[i]);
  }
  return out;
}

// The input position under the middle of output i.
int64_t under(int64_t i, double scale, double begin, int64_t inputs) {
  const double position = begin + (static_cast<double>(i) + 0.5) * scale;
  return std::clamp(static_cast<int64_t>(std::floor(position)), int64_t{0}, inputs - 1);
}

}  // namespace

Image fit_image(Image image, int64_t height, int64_t width) {
  return fit(std::move(image), height, width);
}

FloatImage fit_image(FloatImage image, int64_t height, int64_t width) {
  return fit(std::move(image), height, width);
}

NumberImage fit_numbers(NumberImage image, int64_t height, int64_t width) {
  if (image.height == height && image.width == width) return image;
  CNN_ASSERT(image.channels == 1);
  const Cover part = cover(image, height, width);
  NumberImage out{height, width, 1, {}};
  out.values.reserve(static_cast<size_t>(height * width));
  for (int64_t y = 0; y < height; ++y) {
    const uint16_t* row = image.row(under(y, part.scale, part.top, image.height));
    for (int64_t x = 0; x < width; ++x) {
      out.values.push_back(row[under(x, part.scale, part.left, image.width)]);
    }
  }
  return out;
}

}  // namespace cnn

#include "data/image_fit.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/error.h"
#include "kernels/simd.h"

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
  std::vector<double> row;
  for (int64_t i = 0; i < outputs; ++i) {
    const double center = begin + (static_cast<double>(i) + 0.5) * scale - 0.5;
    const auto first = std::clamp(static_cast<int64_t>(std::ceil(center - support)), int64_t{0},
                                  inputs - filter.taps);
    filter.first.push_back(first);
    double sum = 0;
    row.clear();
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

void keep(float value, uint8_t& out) {
  out = static_cast<uint8_t>(std::clamp(std::floor(value + 0.5f), 0.0f, 255.0f));
}
void keep(float value, float& out) { out = value; }

// The middle part that has the shape of the result, as large as it fits in.
struct Cover {
  double scale = 1;
  double top = 0;
  double left = 0;
};
Cover cover(const PictureSize& image, int64_t height, int64_t width) {
  CNN_ASSERT(height > 0 && width > 0 && image.height > 0 && image.width > 0);
  const auto size = [](int64_t n) { return static_cast<double>(n); };
  const double scale = std::min(size(image.height) / size(height), size(image.width) / size(width));
  return {scale, (size(image.height) - scale * size(height)) / 2,
          (size(image.width) - scale * size(width)) / 2};
}

// One row of the result before it is filtered across: numbers [begin, end) of the rows beneath it.
template <class T>
void sum_down(const Pixels<T>& image, const Filter& down, int64_t y, int64_t begin, int64_t end,
              float* sums) {
  std::fill(sums + begin, sums + end, 0.0f);
  for (int64_t t = 0; t < down.taps; ++t) {
    const float weight = down.weights[static_cast<size_t>(y * down.taps + t)];
    if (weight == 0) continue;
    const T* from = image.row(down.first[static_cast<size_t>(y)] + t);
    for (int64_t i = begin; i < end; ++i) sums[i] += weight * static_cast<float>(from[i]);
  }
}

// A vector holds the channels of a pixel; `row` ends with as many numbers that are not used.
template <class T>
void sum_across(const float* row, const Filter& across, int64_t channels, T* to) {
  const float* weight = across.weights.data();
  for (const int64_t first : across.first) {
    const float* from = row + first * channels;
    Vector4 sum{};
    for (int64_t t = 0; t < across.taps; ++t) {
      sum += weight[t] * load<Vector4>(from + t * channels);
    }
    weight += across.taps;
    for (int64_t c = 0; c < channels; ++c) keep(sum[c], *to++);
  }
}

template <class T>
Pixels<T> fit(Pixels<T> image, int64_t height, int64_t width) {
  if (image.height == height && image.width == width) return image;
  const Cover part = cover({image.height, image.width}, height, width);
  const Filter down = make_filter(image.height, height, part.scale, part.top);
  const Filter across = make_filter(image.width, width, part.scale, part.left);
  constexpr int64_t kMostChannels = kLanes<Vector4>;
  CNN_ASSERT(image.channels <= kMostChannels);

  Pixels<T> out{height, width, image.channels, {}};
  out.values.resize(static_cast<size_t>(height * width * image.channels));
  const int64_t begin = across.first.front() * image.channels;
  const int64_t end = (across.first.back() + across.taps) * image.channels;
  std::vector<float> sums(static_cast<size_t>(end + kMostChannels));
  for (int64_t y = 0; y < height; ++y) {
    sum_down(image, down, y, begin, end, sums.data());
    sum_across(sums.data(), across, image.channels, out.values.data() + y * width * image.channels);
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
  const Cover part = cover({image.height, image.width}, height, width);
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

PictureMap fit_map(const PictureSize& from, const PictureSize& to) {
  const Cover part = cover(from, to.height, to.width);
  const double factor = 1 / part.scale;
  return {{factor, 0, 0, factor}, -factor * part.top, -factor * part.left};
}

}  // namespace cnn

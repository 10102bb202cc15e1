#include "data/rand_augment.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace cnn {
namespace {

using Operation = RandAugmentDraw::Operation;

constexpr double kMostMagnitude = 30;
constexpr int kLevels = 256;

// A picture of values from 0 to 1, channels last.
struct Pixels {
  float* values;
  int64_t height, width, channels;
  int64_t count() const { return height * width * channels; }
  float& at(int64_t y, int64_t x, int64_t c) const {
    return values[(y * width + x) * channels + c];
  }
};

float clamped(float x) { return std::clamp(x, 0.0f, 1.0f); }

// The level of 0 to 255 that a value has in a file.
int level(float x) { return static_cast<int>(clamped(x) * (kLevels - 1) + 0.5f); }
float value_of(int level) { return static_cast<float>(level) / (kLevels - 1); }

float grey(const float* pixel, int64_t channels) {
  if (channels < 3) return pixel[0];
  return 0.299f * pixel[0] + 0.587f * pixel[1] + 0.114f * pixel[2];
}

// other(i) + factor (x_i - other(i)) for every number i.
template <class Other>
void blend(const Pixels& p, float factor, Other other) {
  for (int64_t i = 0; i < p.count(); ++i) {
    const float from = other(i);
    p.values[i] = clamped(from + factor * (p.values[i] - from));
  }
}

void contrast(const Pixels& p, float factor) {
  double sum = 0;
  for (int64_t i = 0; i < p.height * p.width; ++i) {
    sum += static_cast<double>(grey(p.values + i * p.channels, p.channels));
  }
  const auto mean = static_cast<float>(sum / static_cast<double>(p.height * p.width));
  blend(p, factor, [mean](int64_t) { return mean; });
}

void colour(const Pixels& p, float factor) {
  if (p.channels < 3) return;
  for (int64_t i = 0; i < p.height * p.width; ++i) {
    float* pixel = p.values + i * p.channels;
    const float g = grey(pixel, p.channels);
    for (int64_t c = 0; c < 3; ++c) pixel[c] = clamped(g + factor * (pixel[c] - g));
  }
}

// Smoothed by 3 x 3 weights of 1 and 5 in the middle; the outermost pixels stay.
void sharpness(const Pixels& p, float factor) {
  const std::vector<float> before(p.values, p.values + p.count());
  const int64_t row = p.width * p.channels;
  for (int64_t y = 1; y + 1 < p.height; ++y) {
    for (int64_t i = p.channels; i < row - p.channels; ++i) {
      const float* at = before.data() + y * row + i;
      float sum = 4 * at[0];
      for (int64_t dy = -1; dy <= 1; ++dy) {
        for (int64_t dx = -1; dx <= 1; ++dx) sum += at[dy * row + dx * p.channels];
      }
      const float smooth = sum / 13;
      p.values[y * row + i] = clamped(smooth + factor * (at[0] - smooth));
    }
  }
}

void posterize(const Pixels& p, double m) {
  const int dropped = static_cast<int>(std::lround(4 * m));
  const int mask = ~((1 << dropped) - 1);
  for (int64_t i = 0; i < p.count(); ++i) p.values[i] = value_of(level(p.values[i]) & mask);
}

void solarize(const Pixels& p, double m) {
  const auto threshold = static_cast<float>(1 - m);
  for (int64_t i = 0; i < p.count(); ++i) {
    if (p.values[i] >= threshold) p.values[i] = 1 - p.values[i];
  }
}

void autocontrast(const Pixels& p) {
  for (int64_t c = 0; c < p.channels; ++c) {
    float low = 1, high = 0;
    for (int64_t i = c; i < p.count(); i += p.channels) {
      low = std::min(low, p.values[i]);
      high = std::max(high, p.values[i]);
    }
    if (!(high > low)) continue;
    for (int64_t i = c; i < p.count(); i += p.channels) {
      p.values[i] = clamped((p.values[i] - low) / (high - low));
    }
  }
}

// The place of a level is that of its pixels in the order of all; the brightest do not count in the
// length of a step.
void equalize(const Pixels& p) {
  for (int64_t c = 0; c < p.channels; ++c) {
    std::array<int64_t, kLevels> counts{};
    for (int64_t i = c; i < p.count(); i += p.channels)
      ++counts[static_cast<size_t>(level(p.values[i]))];
    const auto last = std::find_if(counts.rbegin(), counts.rend(), [](int64_t n) { return n > 0; });
    const int64_t step = (p.height * p.width - *last) / (kLevels - 1);
    if (step == 0) continue;
    std::array<float, kLevels> table{};
    int64_t sum = step / 2;
    for (size_t l = 0; l < kLevels; ++l) {
      table[l] = value_of(static_cast<int>(std::min<int64_t>(sum / step, kLevels - 1)));
      sum += counts[l];
    }
    for (int64_t i = c; i < p.count(); i += p.channels) {
      p.values[i] = table[static_cast<size_t>(level(p.values[i]))];
    }
  }
}

void apply(Operation operation, double m, const Pixels& p) {
  const auto factor = static_cast<float>(1 + 0.9 * m);
  switch (operation) {
    case Operation::kBrightness:
      return blend(p, factor, [](int64_t) { return 0.0f; });
    case Operation::kColour:
      return colour(p, factor);
    case Operation::kContrast:
      return contrast(p, factor);
    case Operation::kSharpness:
      return sharpness(p, factor);
    case Operation::kPosterize:
      return posterize(p, std::abs(m));
    case Operation::kSolarize:
      return solarize(p, std::abs(m));
    case Operation::kAutocontrast:
      return autocontrast(p);
    case Operation::kEqualize:
      return equalize(p);
    default:
      return;  // geometry, or nothing
  }
}

bool changes_values(Operation operation) { return operation >= Operation::kBrightness; }

}  // namespace

RandAugmentDraw::RandAugmentDraw(const RandAugment& options, RandomSequence& random) {
  for (int64_t i = 0; i < options.operations; ++i) {
    const auto operation = static_cast<Operation>(random.below(kOperations));
    const double sign = random.below(2) == 0 ? 1 : -1;
    chosen_.push_back({operation, sign * options.magnitude / kMostMagnitude});
  }
}

Warp RandAugmentDraw::warp(const PictureSize& window) const {
  constexpr double kShear = 0.3, kShift = 150.0 / 331, kDegrees = 30;
  Warp warp;
  for (const auto& [operation, m] : chosen_) {
    const double angle = kDegrees * m * std::numbers::pi / 180;
    switch (operation) {
      case Operation::kShearX:
        warp.turn({1, 0, kShear * m, 1});
        break;
      case Operation::kShearY:
        warp.turn({1, kShear * m, 0, 1});
        break;
      case Operation::kTranslateX:
        warp.right += kShift * m * static_cast<double>(window.width);
        break;
      case Operation::kTranslateY:
        warp.down += kShift * m * static_cast<double>(window.height);
        break;
      case Operation::kRotate:
        warp.turn({std::cos(angle), std::sin(angle), -std::sin(angle), std::cos(angle)});
        break;
      default:
        break;
    }
  }
  return warp;
}

void RandAugmentDraw::change(const Normalization& normalization, const Shape& shape,
                             float* values) const {
  const bool is_idle = std::none_of(chosen_.begin(), chosen_.end(),
                                    [](const Choice& c) { return changes_values(c.operation); });
  if (is_idle) return;
  const Pixels pixels{values, shape.height(), shape.width(), shape.channels()};
  const auto channels = static_cast<size_t>(pixels.channels);
  const auto of = [](const std::vector<double>& numbers, size_t c) {
    return numbers[numbers.size() == 1 ? 0 : c];
  };
  // Of negatives, normalised numbers are those of pixels from -1 to 0.
  const double black = normalization.scale < 0 ? 1 : 0;
  std::vector<float> std(channels), mean(channels);
  for (size_t c = 0; c < channels; ++c) {
    std[c] = static_cast<float>(of(normalization.std, c));
    mean[c] = static_cast<float>(of(normalization.mean, c) + black);
  }
  for (int64_t i = 0; i < pixels.count(); ++i) {
    const size_t c = static_cast<size_t>(i) % channels;
    values[i] = clamped(values[i] * std[c] + mean[c]);
  }
  for (const auto& [operation, m] : chosen_) apply(operation, m, pixels);
  for (int64_t i = 0; i < pixels.count(); ++i) {
    const size_t c = static_cast<size_t>(i) % channels;
    values[i] = (values[i] - mean[c]) / std[c];
  }
}

}  // namespace cnn

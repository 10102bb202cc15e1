#include "viz/drawing/colour_map.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"

namespace cnn {
namespace {

uint8_t byte_of(double value) { return static_cast<uint8_t>(std::clamp(value + 0.5, 0.0, 255.0)); }

// The pixel of `image` that lies at the same place as (y, x) of a picture of another size.
float nearest_value(const FloatImage& image, int64_t y, int64_t x, int64_t height, int64_t width) {
  return image.values[static_cast<size_t>(y * image.height / height * image.width +
                                          x * image.width / width)];
}

}  // namespace

const ColourMap& ColourMap::grey() {
  static const ColourMap map({{0, 0, 0}, {255, 255, 255}});
  return map;
}

const ColourMap& ColourMap::sequential() {
  static const ColourMap map({{58, 10, 80},
                              {67, 50, 126},
                              {55, 88, 140},
                              {41, 121, 142},
                              {31, 153, 138},
                              {56, 184, 119},
                              {116, 208, 85},
                              {184, 222, 45},
                              {250, 230, 60}});
  return map;
}

const ColourMap& ColourMap::heat() {
  static const ColourMap map({{0, 0, 0},
                              {87, 15, 60},
                              {165, 32, 50},
                              {226, 84, 28},
                              {250, 155, 30},
                              {252, 215, 90},
                              {255, 255, 230}});
  return map;
}

const ColourMap& ColourMap::diverging() {
  static const ColourMap map({{8, 60, 125},
                              {42, 118, 184},
                              {124, 178, 215},
                              {200, 222, 236},
                              {248, 248, 248},
                              {250, 212, 190},
                              {236, 148, 115},
                              {200, 70, 65},
                              {125, 15, 45}});
  return map;
}

Colour ColourMap::at(double value) const {
  if (std::isnan(value)) return {255, 0, 255};
  const double place = std::clamp(value, 0.0, 1.0) * static_cast<double>(points_.size() - 1);
  const size_t left = std::min(static_cast<size_t>(place), points_.size() - 2);
  const double share = place - static_cast<double>(left);
  const Colour &a = points_[left], &b = points_[left + 1];
  const auto mix = [&](uint8_t x, uint8_t y) { return byte_of(x + share * (y - x)); };
  return {mix(a.red, b.red), mix(a.green, b.green), mix(a.blue, b.blue)};
}

Image ColourMap::apply(const FloatImage& values) const {
  CNN_ASSERT(values.channels == 1);
  Image image{values.height, values.width, 3, {}};
  image.values.reserve(3 * values.values.size());
  for (const float value : values.values) {
    const Colour colour = at(static_cast<double>(value));
    image.values.insert(image.values.end(), {colour.red, colour.green, colour.blue});
  }
  return image;
}

Image in_colour(const Image& picture) {
  if (picture.channels == 3) return picture;
  Image out{picture.height, picture.width, 3, {}};
  for (const uint8_t value : picture.values) {
    out.values.insert(out.values.end(), {value, value, value});
  }
  return out;
}

Image heat_over(const Image& picture, const FloatImage& heat, const ColourMap& map,
                bool has_outline) {
  CNN_ASSERT(heat.channels == 1 && (picture.channels == 1 || picture.channels == 3));
  constexpr double kDimmest = 0.25, kGlow = 0.6, kOutline = 0.5;
  constexpr Colour kLine{255, 213, 0};
  const auto value_at = [&](int64_t y, int64_t x) {
    const auto value =
        static_cast<double>(nearest_value(heat, y, x, picture.height, picture.width));
    return std::clamp(value, 0.0, 1.0);  // NaN stays
  };
  const auto is_edge = [&](int64_t y, int64_t x) {
    if (!has_outline || !(value_at(y, x) >= kOutline)) return false;
    return (y > 0 && value_at(y - 1, x) < kOutline) || (x > 0 && value_at(y, x - 1) < kOutline) ||
           (y + 1 < picture.height && value_at(y + 1, x) < kOutline) ||
           (x + 1 < picture.width && value_at(y, x + 1) < kOutline);
  };
  Image out = in_colour(picture);
  for (int64_t y = 0; y < picture.height; ++y) {
    for (int64_t x = 0; x < picture.width; ++x) {
      uint8_t* pixel = &out.values[static_cast<size_t>(3 * (y * picture.width + x))];
      const double value = value_at(y, x);
      const double light = (0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2]) / 255;
      const Colour colour = map.at(value);
      const std::array<uint8_t, 3> parts = {colour.red, colour.green, colour.blue};
      for (size_t c = 0; c < 3; ++c) {
        const double lit = pixel[c] * (kDimmest + (1 - kDimmest) * value);
        pixel[c] =
            std::isnan(value) ? parts[c] : byte_of(lit + kGlow * value * (1 - light) * parts[c]);
      }
      if (is_edge(y, x)) pixel[0] = kLine.red, pixel[1] = kLine.green, pixel[2] = kLine.blue;
    }
  }
  return out;
}

Image as_bytes(const FloatImage& values) {
  Image image{values.height, values.width, values.channels, {}};
  image.values.reserve(values.values.size());
  for (const float value : values.values) {
    image.values.push_back(std::isnan(value) ? 0 : byte_of(255.0 * static_cast<double>(value)));
  }
  return image;
}

ValueRange range_of(std::span<const FloatImage> images) {
  ValueRange range;
  bool found = false;
  for (const FloatImage& image : images) {
    for (const float value : image.values) {
      if (!std::isfinite(value)) continue;
      range.low = found ? std::min(range.low, value) : value;
      range.high = found ? std::max(range.high, value) : value;
      found = true;
    }
  }
  return range;
}

ValueRange range_of(const FloatImage& image) { return range_of(std::span(&image, 1)); }

void stretch(FloatImage& image, ValueRange range) {
  const float width = range.high - range.low;
  for (float& value : image.values) value = width > 0 ? (value - range.low) / width : 0.5f;
}

void stretch_each(std::vector<FloatImage>& images) {
  for (FloatImage& image : images) stretch(image, range_of(image));
}

void stretch_together(std::vector<FloatImage>& images) {
  const ValueRange range = range_of(images);
  for (FloatImage& image : images) stretch(image, range);
}

float stretch_around_zero(std::vector<FloatImage>& images) {
  const ValueRange range = range_of(images);
  const float most = std::max(std::abs(range.low), std::abs(range.high));
  for (FloatImage& image : images) stretch(image, {-most, most});
  return most;
}

}  // namespace cnn

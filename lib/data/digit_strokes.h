// How people write digits: pen paths through points of the unit square (x to the right, y down).
#pragma once

#include <span>

namespace cnn {

struct PenPoint {
  float x;
  float y;
  bool corner = false;  // the path turns sharply here; elsewhere it is smooth
};

using Stroke = std::span<const PenPoint>;

struct DigitStyle {
  std::span<const Stroke> strokes;
  float weight;  // how often this style is written, among those of its class
  float width;   // of the figure relative to its height, typically
};

std::span<const DigitStyle> digit_styles(int digit);

}  // namespace cnn

// Digits: a procedural generator of handwritten-looking digits, 28x28, light ink on black like
// MNIST's. A digit is a pen's path: a template of strokes (several writing styles a class) whose
// points are jittered, bent by a smooth random field, sheared, rotated and scaled, then drawn with
// a pen of varying width and ink. Sample (seed, stream, index) depends on nothing else, so any
// thread may draw any digit.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace cnn {

inline constexpr int kDigitSide = 28;
inline constexpr int kDigitPixels = kDigitSide * kDigitSide;

// The class, 0 to 9, without drawing.
int digit_class(uint64_t seed, std::string_view stream, int64_t index);

// Draws sample `index`: row by row, 0 black to 255 white. Returns its class.
int draw_digit(uint64_t seed, std::string_view stream, int64_t index,
               std::span<uint8_t, kDigitPixels> pixels);

}  // namespace cnn

// Bitmaps of the ten digits, 7 wide and 12 high: the codes of LeNet-5's output layer.
#pragma once

#include <cstdint>
#include <vector>

namespace cnn {

inline constexpr int64_t kDigits = 10;
inline constexpr int64_t kCodeWidth = 7, kCodeHeight = 12;
inline constexpr int64_t kCodePixels = kCodeWidth * kCodeHeight;

// The codes of digits 0 .. count - 1, row by row: 1 where there is ink, else -1.
std::vector<float> digit_codes(int64_t count);

}  // namespace cnn

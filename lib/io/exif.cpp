#include "io/exif.h"

#include <algorithm>
#include <string_view>

namespace cnn {
namespace {

// Numbers of a TIFF file in its own byte order; 0 beyond its end.
class Tiff {
 public:
  explicit Tiff(std::span<const uint8_t> bytes) : bytes_(bytes) {
    is_little_ = bytes.size() > 1 && bytes[0] == 'I' && bytes[1] == 'I';
  }
  bool is_tiff() const {
    const bool is_big = bytes_.size() > 1 && bytes_[0] == 'M' && bytes_[1] == 'M';
    return (is_little_ || is_big) && number(2, 2) == 42;
  }
  uint32_t number(size_t at, size_t size) const {
    if (at > bytes_.size() || size > bytes_.size() - at) return 0;
    uint32_t value = 0;
    for (size_t i = 0; i < size; ++i) {
      value = value << 8 | bytes_[at + (is_little_ ? size - 1 - i : i)];
    }
    return value;
  }

 private:
  std::span<const uint8_t> bytes_;
  bool is_little_ = false;
};

}  // namespace

int exif_orientation(std::span<const uint8_t> segment) {
  constexpr std::string_view kHead{"Exif\0\0", 6};
  if (segment.size() < kHead.size() ||
      !std::equal(kHead.begin(), kHead.end(), segment.begin(),
                  [](char a, uint8_t b) { return static_cast<uint8_t>(a) == b; })) {
    return 1;
  }
  const Tiff tiff(segment.subspan(kHead.size()));
  if (!tiff.is_tiff()) return 1;
  constexpr uint32_t kOrientation = 0x0112, kShort = 3;
  constexpr size_t kEntry = 12;  // tag, type, count, value
  const size_t directory = tiff.number(4, 4);
  const size_t entries = tiff.number(directory, 2);
  for (size_t i = 0; i < entries; ++i) {
    const size_t at = directory + 2 + i * kEntry;
    if (tiff.number(at, 2) != kOrientation || tiff.number(at + 2, 2) != kShort) continue;
    const uint32_t value = tiff.number(at + 8, 2);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

std::vector<uint8_t> turned(const std::vector<uint8_t>& stored, int64_t height, int64_t width,
                            int64_t channels, int orientation) {
  const bool is_mirrored_x =
      orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool is_mirrored_y =
      orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  std::vector<uint8_t> upright(stored.size());
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      const int64_t column = is_mirrored_x ? width - 1 - x : x;
      const int64_t row = is_mirrored_y ? height - 1 - y : y;
      const int64_t place = swaps_sides(orientation) ? column * height + row : row * width + column;
      std::copy_n(stored.begin() + (y * width + x) * channels, channels,
                  upright.begin() + place * channels);
    }
  }
  return upright;
}

}  // namespace cnn

// image: pictures as rows of pixels; JPEG (libjpeg-turbo) and PNG (libpng) are told apart by their
// first bytes, never by the file's name. Nothing is repaired: a file with the least damage (a
// warning of libjpeg, a wrong CRC) is an error.
//
// Conversions are exact: 1, 2 and 4 bits become 8 by v * 255 / (2^bits - 1), palettes their
// colours, grey three equal channels, colours the grey (19595 R + 38470 G + 7471 B) / 2^16 (ITU-R
// 601, as Pillow has it). Transparent pixels are laid on a background unless 4 channels are wanted.
// 16 bits become 8 by v / 257, rounded. JPEGs are turned as their Exif data say that the camera was
// held. Colour profiles and gamma are not applied. CMYK is refused.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cnn {

// Rows from the top, pixels from the left, channels last: 1 grey, 3 RGB, 4 RGBA.
template <class T>
struct Pixels {
  int64_t height = 0;
  int64_t width = 0;
  int64_t channels = 0;
  std::vector<T> values;

  const T* row(int64_t y) const { return values.data() + y * width * channels; }
};
using Image = Pixels<uint8_t>;
using FloatImage = Pixels<float>;
using NumberImage = Pixels<uint16_t>;

struct Colour {
  uint8_t red = 0, green = 0, blue = 0;
  bool operator==(const Colour&) const = default;
  static constexpr Colour white() { return {255, 255, 255}; }
};

// What a file says of itself, before anything is decoded.
struct ImageInfo {
  enum class Format { kJpeg, kPng };
  Format format = Format::kPng;
  int64_t height = 0;
  int64_t width = 0;
  int64_t channels = 0;  // 1 grey, 2 grey and alpha, 3 RGB (or palette), 4 RGBA (or CMYK)
  int bits = 8;
};

inline constexpr int64_t kMostPixels = 100'000'000;   // more are refused before decoding
inline constexpr int kMostScans = 1000;               // of a progressive JPEG
inline constexpr uint64_t kMostImageBytes = 1 << 30;  // of a file

// True if the bytes begin as a JPEG or PNG file does.
bool is_image(std::string_view content);
bool is_image_file(const std::string& path);  // Exit::kInput if it cannot be read

// `channels`: 1, 3 or 4, or 0 for the file's own (2 becomes 4). Errors are Exit::kInput,
// "FILE: ...".
ImageInfo read_image_info(const std::string& path);
Image read_image(const std::string& path, int64_t channels, Colour background = Colour::white());
Image decode_image(std::string_view content, const std::string& path, int64_t channels,
                   Colour background = Colour::white());
// 0 to 255 as above; 16 bits keep their precision, as v / 257.
FloatImage read_float_image(const std::string& path, int64_t channels,
                            Colour background = Colour::white());

// The numbers that a mask's pixels stand for, one channel: indices of a palette, or grey values as
// the file has them, unscaled. Colours with equal parts are grey; others are refused, and JPEG,
// which changes values.
NumberImage read_number_image(const std::string& path);

// 8-bit PNG, grey (1 channel), RGB (3) or RGBA (4), through AtomicFile.
void write_png(const std::string& path, const Image& image);
std::string encode_png(const Image& image);  // the content of that file

// A PNG of numbers that are shown in colours: read_number_image() gives the numbers back.
void write_palette_png(const std::string& path, const Image& indices,
                       std::span<const Colour> palette);

}  // namespace cnn

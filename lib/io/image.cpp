#include "io/image.h"

#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "io/file_kind.h"
#include "io/image_codecs.h"

namespace cnn {
namespace {

constexpr std::string_view kPngMagic("\x89PNG\r\n\x1a\n", 8);
constexpr std::string_view kJpegMagic("\xff\xd8\xff", 3);

[[noreturn]] void fail_unknown(std::string_view content, const std::string& path) {
  if (content.empty()) fail(Exit::kInput, path, "is empty, expected a JPEG or PNG image");
  constexpr size_t kHead = 512;
  if (const std::string_view kind = kind_of_content(content.substr(0, kHead)); !kind.empty()) {
    fail(Exit::kInput, path, "is no JPEG or PNG image but {}", kind);
  }
  std::string bytes;
  for (const char c : content.substr(0, kPngMagic.size())) {
    bytes += fmt::format(" {:02x}", static_cast<unsigned char>(c));
  }
  fail(Exit::kInput, path, "is no JPEG or PNG image: it begins with the bytes{}", bytes);
}

DecodedImage decode(std::string_view content, const std::string& path) {
  if (content.starts_with(kPngMagic)) return decode_png(content, path);
  if (content.starts_with(kJpegMagic)) return decode_jpeg(content, path);
  fail_unknown(content, path);
}

uint16_t word_at(const DecodedImage& image, size_t i) {
  uint16_t word = 0;
  std::memcpy(&word, image.bytes.data() + i * sizeof(word), sizeof(word));
  return word;
}

// The file's samples as bytes (16 bits rounded) or floats of the same range.
std::vector<uint8_t> take_bytes(DecodedImage& image) {
  if (image.info.bits == 8) return std::move(image.bytes);
  std::vector<uint8_t> out(image.bytes.size() / sizeof(uint16_t));
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<uint8_t>((word_at(image, i) + 128) / 257);
  }
  return out;
}
std::vector<float> take_floats(const DecodedImage& image) {
  if (image.info.bits == 8) return {image.bytes.begin(), image.bytes.end()};
  std::vector<float> out(image.bytes.size() / sizeof(uint16_t));
  for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(word_at(image, i)) / 257.0f;
  return out;
}

uint8_t grey_of(const uint8_t* rgb) {
  return static_cast<uint8_t>((19595 * rgb[0] + 38470 * rgb[1] + 7471 * rgb[2] + 0x8000) >> 16);
}
float grey_of(const float* rgb) {
  return (19595 * rgb[0] + 38470 * rgb[1] + 7471 * rgb[2]) / 65536;
}

uint8_t laid_on(uint8_t under, uint8_t value, uint8_t alpha) {
  return static_cast<uint8_t>((value * alpha + under * (255 - alpha) + 127) / 255);
}
float laid_on(uint8_t under, float value, float alpha) {
  return (value * alpha + static_cast<float>(under) * (255 - alpha)) / 255;
}

// Pixels of 2 or 4 values, the last of them alpha, as opaque ones of 3.
template <class T>
std::vector<T> laid_on(Colour background, const std::vector<T>& values, size_t own) {
  std::vector<T> out;
  out.reserve(values.size() / own * 3);
  for (size_t p = 0; p < values.size(); p += own) {
    const T *from = values.data() + p, alpha = from[own - 1];
    const bool is_colour = own == 4;
    out.push_back(laid_on(background.red, from[0], alpha));
    out.push_back(laid_on(background.green, from[is_colour ? 1 : 0], alpha));
    out.push_back(laid_on(background.blue, from[is_colour ? 2 : 0], alpha));
  }
  return out;
}

// From the file's channels (1 grey, 2 with alpha, 3 RGB, 4 with alpha) to those wanted.
template <class T>
Pixels<T> with_channels(ImageInfo info, std::vector<T> values, int64_t wanted, Colour background) {
  if ((info.channels == 2 || info.channels == 4) && (wanted == 1 || wanted == 3)) {
    values = laid_on(background, values, static_cast<size_t>(info.channels));
    info.channels = 3;
  }
  const int64_t own = info.channels;
  if (wanted == 0) wanted = own == 2 ? 4 : own;
  CNN_ASSERT(wanted == 1 || wanted == 3 || wanted == 4);
  Pixels<T> image{info.height, info.width, wanted, {}};
  if (own == wanted) {
    image.values = std::move(values);
    return image;
  }
  const bool is_colour = own >= 3, has_alpha = own == 2 || own == 4;
  const int64_t pixels = info.height * info.width;
  image.values.resize(static_cast<size_t>(pixels * wanted));
  for (int64_t p = 0; p < pixels; ++p) {
    const T* from = values.data() + p * own;
    T* to = image.values.data() + p * wanted;
    if (wanted == 1) {
      to[0] = is_colour ? grey_of(from) : from[0];
      continue;
    }
    for (int64_t c = 0; c < 3; ++c) to[c] = from[is_colour ? c : 0];
    if (wanted == 4) to[3] = has_alpha ? from[own - 1] : T{255};
  }
  return image;
}

}  // namespace

size_t check_size(const ImageInfo& info, const std::string& path) {
  if (info.width * info.height > kMostPixels) {
    fail(Exit::kInput, path, "is {} x {} pixels, at most {} million in all are read", info.width,
         info.height, kMostPixels / 1'000'000);
  }
  return static_cast<size_t>(info.width * info.height * info.channels * (info.bits / 8));
}

bool is_image(std::string_view content) {
  return content.starts_with(kPngMagic) || content.starts_with(kJpegMagic);
}

bool is_image_file(const std::string& path) {
  const InputFile file(path);
  std::string head(std::min<uint64_t>(file.size(), kPngMagic.size()), '\0');
  file.read_at(0, head.data(), head.size());
  return is_image(head);
}

ImageInfo read_image_info(const std::string& path) {
  const std::string content = read_file(path, kMostImageBytes);
  if (content.starts_with(kPngMagic)) return read_png_info(content, path);
  if (content.starts_with(kJpegMagic)) return read_jpeg_info(content, path);
  fail_unknown(content, path);
}

Image decode_image(std::string_view content, const std::string& path, int64_t channels,
                   Colour background) {
  DecodedImage image = decode(content, path);
  std::vector<uint8_t> bytes = take_bytes(image);
  return with_channels(image.info, std::move(bytes), channels, background);
}

Image read_image(const std::string& path, int64_t channels, Colour background) {
  return decode_image(read_file(path, kMostImageBytes), path, channels, background);
}

FloatImage read_float_image(const std::string& path, int64_t channels, Colour background) {
  const DecodedImage image = decode(read_file(path, kMostImageBytes), path);
  return with_channels(image.info, take_floats(image), channels, background);
}

NumberImage read_number_image(const std::string& path) {
  const std::string content = read_file(path, kMostImageBytes);
  if (content.starts_with(kJpegMagic)) {
    fail(Exit::kInput, path, "is a JPEG image, which changes values a little; masks are PNG");
  }
  if (!content.starts_with(kPngMagic)) fail_unknown(content, path);
  const DecodedImage image = decode_png_numbers(content, path);
  const ImageInfo& info = image.info;
  const auto value = [&](size_t i) -> uint16_t {
    return info.bits == 16 ? word_at(image, i) : image.bytes[i];
  };
  NumberImage numbers{info.height, info.width, 1, {}};
  numbers.values.resize(static_cast<size_t>(info.height * info.width));
  const auto channels = static_cast<size_t>(info.channels);
  for (size_t p = 0; p < numbers.values.size(); ++p) {
    numbers.values[p] = value(p * channels);
    if (info.channels < 3) continue;
    const uint16_t green = value(p * channels + 1), blue = value(p * channels + 2);
    if (green != numbers.values[p] || blue != numbers.values[p]) {
      const auto width = static_cast<size_t>(info.width);
      fail(Exit::kInput, path,
           "pixel ({}, {}) has the colour ({}, {}, {}); masks are grey or have a palette",
           p % width, p / width, numbers.values[p], green, blue);
    }
  }
  return numbers;
}

}  // namespace cnn

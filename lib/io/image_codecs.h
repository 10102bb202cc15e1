// What image.cpp asks of its decoders.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/image.h"

namespace cnn {

// The file's own pixels: `channels` of info, 8 bits, or 16 in the machine's byte order.
struct DecodedImage {
  ImageInfo info;
  std::vector<uint8_t> bytes;
};

ImageInfo read_jpeg_info(std::string_view content, const std::string& path);
DecodedImage decode_jpeg(std::string_view content, const std::string& path);
ImageInfo read_png_info(std::string_view content, const std::string& path);
DecodedImage decode_png(std::string_view content, const std::string& path);
// Palettes' indices and unscaled values of 1, 2 and 4 bits.
DecodedImage decode_png_numbers(std::string_view content, const std::string& path);

// Refuses what has too many pixels; gives the bytes that the pixels need.
size_t check_size(const ImageInfo& info, const std::string& path);

}  // namespace cnn

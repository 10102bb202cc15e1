// Images as the tests need them, good and bad: PNG files put together by hand, JPEG files from
// libjpeg.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

// After <cstdio>, which it needs.
#include <jpeglib.h>

namespace cnn::test {

inline std::string big_endian(uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 255);
  return out;
}

inline std::string png_chunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  const auto sum = static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size())));
  return big_endian(static_cast<uint32_t>(data.size())) + body + big_endian(sum);
}

// `colour` is PNG's colour type: 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA; `rows` the
// uncompressed rows, each after its filter byte; `between` chunks before the pixels.
struct PngParts {
  uint32_t width = 1;
  uint32_t height = 1;
  int bits = 8;
  int colour = 0;
  std::string rows;
  std::string between = {};
  bool interlaced = false;
};

inline std::string png_file(const PngParts& parts) {
  std::string header = big_endian(parts.width) + big_endian(parts.height);
  header += {static_cast<char>(parts.bits), static_cast<char>(parts.colour), 0, 0,
             static_cast<char>(parts.interlaced)};
  std::string packed(compressBound(parts.rows.size()), '\0');
  uLongf size = packed.size();
  compress(reinterpret_cast<Bytef*>(packed.data()), &size,
           reinterpret_cast<const Bytef*>(parts.rows.data()), parts.rows.size());
  packed.resize(size);
  return "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", header) + parts.between +
         png_chunk("IDAT", packed) + png_chunk("IEND", "");
}

// `pixels` are HWC of 1 (grey), 3 (RGB) or 4 (CMYK) channels.
struct JpegParts {
  int width = 8;
  int height = 8;
  int channels = 3;
  std::vector<uint8_t> pixels;
  bool progressive = false;  // two scans of a grey picture: the mean of each block, then the rest
};

inline std::string jpeg_file(const JpegParts& parts) {
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &bytes, &size);
  jpeg.image_width = static_cast<JDIMENSION>(parts.width);
  jpeg.image_height = static_cast<JDIMENSION>(parts.height);
  jpeg.input_components = parts.channels;
  jpeg.in_color_space = parts.channels == 1   ? JCS_GRAYSCALE
                        : parts.channels == 3 ? JCS_RGB
                                              : JCS_CMYK;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, 95, TRUE);
  const jpeg_scan_info scans[2] = {{1, {0, 0, 0, 0}, 0, 0, 0, 0}, {1, {0, 0, 0, 0}, 1, 63, 0, 0}};
  if (parts.progressive) {
    jpeg.scan_info = scans;
    jpeg.num_scans = 2;
  }
  jpeg_start_compress(&jpeg, TRUE);
  const int row_bytes = parts.width * parts.channels;
  while (jpeg.next_scanline < jpeg.image_height) {
    auto* row = const_cast<uint8_t*>(parts.pixels.data() + jpeg.next_scanline * row_bytes);
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  std::string out(reinterpret_cast<char*>(bytes), size);
  jpeg_destroy_compress(&jpeg);
  std::free(bytes);
  return out;
}

}  // namespace cnn::test

// PNG through libpng. Its errors leave by longjmp, so the functions that call it have no objects of
// their own.

#include <png.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <new>
#include <span>

#include "base/error.h"
#include "base/files.h"
#include "io/image_codecs.h"

namespace cnn {
namespace {

// The last error's text, since longjmp carries none.
struct Message {
  char text[200] = "";
};

extern "C" void png_failed(png_structp png, png_const_charp text) {
  auto* message = static_cast<Message*>(png_get_error_ptr(png));
  std::strncpy(message->text, text, sizeof(message->text) - 1);
  png_longjmp(png, 1);
}
extern "C" void png_warned(png_structp, png_const_charp) {}  // of profiles and times; not of pixels

class PngDecoder {
 public:
  enum class Mode { kColours, kNumbers };  // palettes become colours, or stay indices
  PngDecoder(std::string_view content, const std::string& path, Mode mode)
      : content_(content), path_(path), mode_(mode) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &message_, png_failed, png_warned);
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
    if (info_ == nullptr) {
      close();
      throw std::bad_alloc();
    }
  }
  ~PngDecoder() { close(); }
  PngDecoder(const PngDecoder&) = delete;
  PngDecoder& operator=(const PngDecoder&) = delete;

  // The header; no destructor runs for a constructor that throws.
  ImageInfo open() {
    if (!read_header()) fail_here();
    check_size(info(), path_);  // before libpng takes memory for a row
    if (!set_conversions()) fail_here();
    return info();
  }

  void decode(uint8_t* out) {
    if (!read_rows(out)) fail_here();
  }

 private:
  ImageInfo info() const {
    return {ImageInfo::Format::kPng, png_get_image_height(png_, info_),
            png_get_image_width(png_, info_), png_get_channels(png_, info_),
            png_get_bit_depth(png_, info_)};
  }

  void close() { png_destroy_read_struct(&png_, &info_, nullptr); }

  static void take(png_structp png, png_bytep out, size_t size) {
    auto* self = static_cast<PngDecoder*>(png_get_io_ptr(png));
    if (size > self->content_.size() - self->at_) png_error(png, "the file ends too early");
    std::memcpy(out, self->content_.data() + self->at_, size);
    self->at_ += size;
  }

  bool read_header() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_read_fn(png_, this, take);
    png_set_crc_action(png_, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    constexpr png_uint_32 kAnySide = std::numeric_limits<int32_t>::max();  // check_size() decides
    png_set_user_limits(png_, kAnySide, kAnySide);
    png_read_info(png_, info_);
    return true;
  }

  bool set_conversions() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    if (mode_ == Mode::kColours) {
      png_set_expand(png_);  // palettes, fewer than 8 bits, a transparent colour
    } else {
      png_set_packing(png_);  // fewer than 8 bits become bytes of the same value
    }
    if (std::endian::native == std::endian::little) png_set_swap(png_);
    passes_ = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    return true;
  }

  bool read_rows(uint8_t* out) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    const size_t row_bytes = png_get_rowbytes(png_, info_);
    const png_uint_32 height = png_get_image_height(png_, info_);
    for (int pass = 0; pass < passes_; ++pass) {
      for (png_uint_32 y = 0; y < height; ++y) png_read_row(png_, out + y * row_bytes, nullptr);
    }
    png_read_end(png_, nullptr);
    return true;
  }

  [[noreturn]] void fail_here() const {
    fail(Exit::kInput, path_, "at byte {}: damaged PNG: {}", at_, message_.text);
  }

  std::string_view content_;
  const std::string& path_;
  Mode mode_;
  size_t at_ = 0;
  int passes_ = 1;
  Message message_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

class PngEncoder {
 public:
  PngEncoder() {
    png_ = png_create_write_struct(PNG_LIBPNG_VER_STRING, &message_, png_failed, png_warned);
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
    if (info_ == nullptr) {
      close();
      throw std::bad_alloc();
    }
  }
  ~PngEncoder() { close(); }
  PngEncoder(const PngEncoder&) = delete;
  PngEncoder& operator=(const PngEncoder&) = delete;

  std::string encode(const Image& image, std::span<const Colour> palette) {
    if (!write(image, palette)) fail(Exit::kResource, "", "cannot write a PNG: {}", message_.text);
    return std::move(out_);
  }

 private:
  void close() { png_destroy_write_struct(&png_, &info_); }

  static void put(png_structp png, png_bytep bytes, size_t size) {
    bool stored = true;
    try {
      static_cast<PngEncoder*>(png_get_io_ptr(png))
          ->out_.append(reinterpret_cast<const char*>(bytes), size);
    } catch (const std::bad_alloc&) {
      stored = false;
    }
    if (!stored) png_error(png, "out of memory");
  }

  bool write(const Image& image, std::span<const Colour> palette) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_write_fn(png_, this, put, nullptr);
    const int colours = !palette.empty()      ? PNG_COLOR_TYPE_PALETTE
                        : image.channels == 1 ? PNG_COLOR_TYPE_GRAY
                        : image.channels == 3 ? PNG_COLOR_TYPE_RGB
                                              : PNG_COLOR_TYPE_RGB_ALPHA;
    png_set_IHDR(png_, info_, static_cast<png_uint_32>(image.width),
                 static_cast<png_uint_32>(image.height), 8, colours, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (!palette.empty()) {
      png_color colours_of[256];
      for (size_t i = 0; i < palette.size(); ++i) {
        colours_of[i] = {palette[i].red, palette[i].green, palette[i].blue};
      }
      png_set_PLTE(png_, info_, colours_of, static_cast<int>(palette.size()));
    }
    png_write_info(png_, info_);
    for (int64_t y = 0; y < image.height; ++y) png_write_row(png_, image.row(y));
    png_write_end(png_, nullptr);
    return true;
  }

  std::string out_;
  Message message_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

DecodedImage decode(std::string_view content, const std::string& path, PngDecoder::Mode mode) {
  PngDecoder decoder(content, path, mode);
  DecodedImage image{decoder.open(), {}};
  image.bytes.resize(check_size(image.info, path));
  decoder.decode(image.bytes.data());
  return image;
}

}  // namespace

ImageInfo read_png_info(std::string_view content, const std::string& path) {
  return PngDecoder(content, path, PngDecoder::Mode::kColours).open();
}

DecodedImage decode_png(std::string_view content, const std::string& path) {
  return decode(content, path, PngDecoder::Mode::kColours);
}

DecodedImage decode_png_numbers(std::string_view content, const std::string& path) {
  return decode(content, path, PngDecoder::Mode::kNumbers);
}

std::string encode_png(const Image& image) {
  CNN_ASSERT(image.channels == 1 || image.channels == 3 || image.channels == 4);
  CNN_ASSERT(static_cast<int64_t>(image.values.size()) ==
             image.height * image.width * image.channels);
  return PngEncoder().encode(image, {});
}

void write_png(const std::string& path, const Image& image) {
  write_file_atomically(path, encode_png(image));
}

void write_palette_png(const std::string& path, const Image& indices,
                       std::span<const Colour> palette) {
  CNN_ASSERT(indices.channels == 1 && !palette.empty() && palette.size() <= 256);
  CNN_ASSERT(static_cast<int64_t>(indices.values.size()) == indices.height * indices.width);
  CNN_ASSERT(std::all_of(indices.values.begin(), indices.values.end(),
                         [&](uint8_t index) { return index < palette.size(); }));
  write_file_atomically(path, PngEncoder().encode(indices, palette));
}

}  // namespace cnn

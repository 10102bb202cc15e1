// JPEG through libjpeg-turbo. Its errors leave by longjmp, so the functions that call it have no
// objects of their own.

#include <algorithm>
#include <csetjmp>
#include <cstdio>

#include "base/error.h"
#include "io/exif.h"
#include "io/image_codecs.h"

// After <cstdio>, which it needs.
#include <jerror.h>
#include <jpeglib.h>

namespace cnn {
namespace {

class JpegDecoder {
 public:
  JpegDecoder(std::string_view content, const std::string& path) : content_(content), path_(path) {
    jpeg_.err = jpeg_std_error(&errors_.base);
    errors_.base.error_exit = leave;
    errors_.base.emit_message = leave_at_warning;
    progress_.progress_monitor = count_scans;
  }
  ~JpegDecoder() { jpeg_destroy_decompress(&jpeg_); }
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;

  // The header; no destructor runs for a constructor that throws.
  ImageInfo open() {
    if (!start()) fail_here();
    orientation_ = find_orientation();
    const int64_t height = jpeg_.image_height, width = jpeg_.image_width;
    const bool swaps = swaps_sides(orientation_);
    return {ImageInfo::Format::kJpeg, swaps ? width : height, swaps ? height : width,
            jpeg_.num_components, 8};
  }

  // Into memory of the size that open() has told of; turned as the camera was held.
  void decode(std::vector<uint8_t>& out) {
    if (jpeg_.num_components != 1 && jpeg_.num_components != 3) {
      fail(Exit::kInput, path_,
           "is a JPEG of {} colour channels (CMYK?), which have no exact RGB; save it as RGB",
           jpeg_.num_components);
    }
    if (!read_rows(out.data())) fail_here();
    if (orientation_ == 1) return;
    out = turned(out, jpeg_.image_height, jpeg_.image_width, jpeg_.num_components, orientation_);
  }

 private:
  struct Errors {
    jpeg_error_mgr base;  // first, so that libjpeg's pointer to it is one to this
    std::jmp_buf back;
    char message[JMSG_LENGTH_MAX];
  };

  static void leave(j_common_ptr jpeg) {
    auto* errors = reinterpret_cast<Errors*>(jpeg->err);
    errors->base.format_message(jpeg, errors->message);
    std::longjmp(errors->back, 1);
  }
  // Warnings (-1) mean damage: half a file decodes with nothing but a warning.
  static void leave_at_warning(j_common_ptr jpeg, int level) {
    if (level < 0) leave(jpeg);
  }
  // A small progressive file can ask for any number of passes over a large picture.
  static void count_scans(j_common_ptr jpeg) {
    if (reinterpret_cast<j_decompress_ptr>(jpeg)->input_scan_number <= kMostScans) return;
    auto* errors = reinterpret_cast<Errors*>(jpeg->err);
    std::snprintf(errors->message, sizeof(errors->message), "more than %d scans", kMostScans);
    std::longjmp(errors->back, 1);
  }

  int find_orientation() const {
    for (jpeg_saved_marker_ptr marker = jpeg_.marker_list; marker; marker = marker->next) {
      if (marker->marker != kExifMarker) continue;
      const int found = exif_orientation({marker->data, marker->data_length});
      if (found != 1) return found;
    }
    return 1;
  }

  bool start() {
    if (setjmp(errors_.back) != 0) return false;
    jpeg_create_decompress(&jpeg_);
    jpeg_save_markers(&jpeg_, kExifMarker, 0xffff);
    jpeg_.progress = &progress_;
    jpeg_mem_src(&jpeg_, reinterpret_cast<const unsigned char*>(content_.data()),
                 static_cast<unsigned long>(content_.size()));
    jpeg_read_header(&jpeg_, TRUE);
    return true;
  }

  bool read_rows(uint8_t* out) {
    if (setjmp(errors_.back) != 0) return false;
    jpeg_.out_color_space = jpeg_.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_start_decompress(&jpeg_);
    const size_t row_bytes = size_t{jpeg_.output_width} * jpeg_.output_components;
    while (jpeg_.output_scanline < jpeg_.output_height) {
      JSAMPROW row = out + jpeg_.output_scanline * row_bytes;
      jpeg_read_scanlines(&jpeg_, &row, 1);
    }
    jpeg_finish_decompress(&jpeg_);
    return true;
  }

  [[noreturn]] void fail_here() const {
    const size_t left = jpeg_.src == nullptr ? content_.size() : jpeg_.src->bytes_in_buffer;
    const size_t at = content_.size() - std::min(left, content_.size());
    fail(Exit::kInput, path_, "at byte {}: damaged JPEG: {}", at, errors_.message);
  }

  static constexpr int kExifMarker = JPEG_APP0 + 1;

  std::string_view content_;
  const std::string& path_;
  int orientation_ = 1;
  jpeg_decompress_struct jpeg_{};
  jpeg_progress_mgr progress_{};
  Errors errors_{};
};

}  // namespace

ImageInfo read_jpeg_info(std::string_view content, const std::string& path) {
  return JpegDecoder(content, path).open();
}

DecodedImage decode_jpeg(std::string_view content, const std::string& path) {
  JpegDecoder decoder(content, path);
  DecodedImage image{decoder.open(), {}};
  image.bytes.resize(check_size(image.info, path));
  decoder.decode(image.bytes);
  return image;
}

}  // namespace cnn

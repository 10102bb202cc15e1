#include "data/format.h"

namespace cnn {

#define CNN_DATA_FORMAT(name) extern const DataFormatType name##_format;
#include "data/formats.def"
#undef CNN_DATA_FORMAT

std::span<const DataFormatType> data_formats() {
  static const DataFormatType kFormats[] = {
#define CNN_DATA_FORMAT(name) name##_format,
#include "data/formats.def"
#undef CNN_DATA_FORMAT
  };
  return kFormats;
}

}  // namespace cnn

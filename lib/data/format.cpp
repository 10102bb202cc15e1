#include "data/format.h"

#include <array>

namespace cnn {

std::span<const DataFormatType> data_formats() {
  static constexpr std::array<DataFormatType, 3> kFormats = {{
      {"idx", "bytes in the file format of MNIST, plain or gzipped", make_idx_format},
      {"npy", "arrays of NumPy: inputs [N,...], targets [N], [N,H,W] or [N,...]", make_npy_format},
      {"digits", "generated handwritten-looking digits; needs no files", make_digits_format},
  }};
  return kFormats;
}

}  // namespace cnn

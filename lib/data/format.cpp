#include "data/format.h"

#include <array>

namespace cnn {

std::span<const DataFormatType> data_formats() {
  static constexpr std::array<DataFormatType, 9> kFormats = {{
      {"idx", "bytes in the file format of MNIST, plain or gzipped", make_idx_format},
      {"npy", "arrays of NumPy: inputs [N,...], targets [N], [N,H,W] or [N,...]", make_npy_format},
      {"folder", "JPEG and PNG images in one folder a class", make_folder_format},
      {"pairs", "pictures and masks of the same names in two folders", make_pairs_format},
      {"list", "images named in a text file, one a line, with their classes", make_list_format},
      {"csv", "a table of numbers, or of images' paths, with classes, numbers, points and boxes",
       make_csv_format},
      {"cifar", "the binary files of CIFAR-10 and CIFAR-100", make_cifar_format},
      {"digits", "generated handwritten-looking digits; needs no files", make_digits_format},
      {"sentences", "generated sentences and spoken sums; needs no files", make_sentences_format},
  }};
  return kFormats;
}

}  // namespace cnn

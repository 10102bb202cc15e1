// safetensors: named tensors in one file, as PyTorch's tools read and write them.
//
//   8 bytes  length L of the header, little-endian
//   L bytes  JSON: {"__metadata__": {KEY: TEXT...}, NAME: {"dtype": "F32", "shape": [6,1,5,5],
//            "data_offsets": [begin, end]}, ...}; offsets count from the end of the header
//   rest     the tensors' bytes, little-endian, without gaps
//
// Files that we write carry checksums (CRC-32 of zlib) among the metadata: "crc32.NAME" covers a
// tensor's name, dtype, shape and bytes; "crc32.__metadata__" covers the other metadata. They are
// verified when they are there. Layout: huggingface.co/docs/safetensors.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "io/tensor_reader.h"

namespace cnn {

// Opens a file and checks its whole header before anything is allocated for tensors. All errors
// are Exit::kInput, "FILE: at byte N: ...".
class SafetensorsReader : public TensorReader {
 public:
  explicit SafetensorsReader(const std::string& path);

 private:
  std::vector<SafeTensor> read_header();
  void check_layout(const std::vector<SafeTensor>& tensors, uint64_t data_begin) const;
  void take_checksums(const std::vector<SafeTensor>& tensors);
};

// Collects names, shapes and where the numbers come from; write() then makes the whole file
// atomically (base/files.h), in the order of add().
class SafetensorsWriter {
 public:
  // Gives the tensor's numbers from `first` on, in the order of the file; write() asks for them
  // piece by piece, in order.
  using Fill = std::function<void(int64_t first, std::span<float> out)>;

  void set_metadata(const std::string& key, std::string value);
  // `values` is borrowed until write(); a shape's product is the number of values (asserted). The
  // dtype is F32. A name given twice is a bug.
  void add(std::string name, std::vector<int64_t> shape, std::span<const float> values);
  void add(std::string name, std::vector<int64_t> shape, Fill fill);
  // Exit::kResource if it cannot be written; the old file then stands.
  void write(const std::string& path) const;

 private:
  struct Item {
    std::string name;
    std::vector<int64_t> shape;
    uint64_t count = 0;
    std::span<const float> values;
    Fill fill;
  };
  std::string header(const std::vector<uint32_t>& checksums) const;

  std::map<std::string, std::string> metadata_;
  std::vector<Item> items_;
};

}  // namespace cnn

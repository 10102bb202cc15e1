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
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/files.h"

namespace cnn {

struct SafeTensor {
  std::string name;
  std::string dtype;           // "F32", "F16", "BF16", "F64", "I64" ...
  std::vector<int64_t> shape;  // in file order; empty: one number
  int64_t count = 1;
  uint64_t begin = 0;  // bytes from the start of the file
  uint64_t end = 0;
};

// Opens a file and checks its whole header before anything is allocated for tensors. All errors
// are Exit::kInput, "FILE: at byte N: ...".
class SafetensorsReader {
 public:
  explicit SafetensorsReader(const std::string& path);

  const std::string& path() const { return file_.path(); }
  const std::vector<SafeTensor>& tensors() const { return tensors_; }  // in the order of the bytes
  const SafeTensor* find(std::string_view name) const;                 // null if there is none
  // Without the checksums.
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

  // The tensor's numbers, in the order of the file, piece by piece from number `first` on, or all
  // into `out` (exactly `count` floats). F32 as they are; F16, BF16, F64 and whole numbers are
  // converted. Verifies the checksum at the end; a number that is not finite is an error unless
  // accepted.
  using Take = std::function<void(int64_t first, std::span<const float> numbers)>;
  void read(const SafeTensor& tensor, const Take& take) const;
  void read(const SafeTensor& tensor, std::span<float> out) const;
  void accept_non_finite(bool accept) { accept_non_finite_ = accept; }
  // Reads every tensor once, for its checksum and its numbers (through a small buffer): before a
  // checkpoint is trusted.
  void verify() const;

 private:
  template <class Consume>
  void stream(const SafeTensor& tensor, Consume&& consume) const;
  void read_header();
  void check_layout(uint64_t data_begin) const;
  void take_checksums();

  InputFile file_;
  std::vector<SafeTensor> tensors_;
  std::unordered_map<std::string_view, size_t> by_name_;
  std::map<std::string, std::string> metadata_;
  std::unordered_map<std::string, uint32_t> checksums_;
  bool accept_non_finite_ = false;
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

// Named tensors in a file, whatever its format: what a reader of a format finds in the file's
// header (io/safetensors.h, io/torch_file.h), and the reading of the numbers, which is one for all.
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
  std::string dtype;           // as safetensors calls them: "F32", "F16", "BF16", "F64", "I64" ...
  std::vector<int64_t> shape;  // in file order; empty: one number
  int64_t count = 1;
  uint64_t begin = 0;  // bytes from the start of the file
  uint64_t end = 0;
  // In numbers, where they are not those of the shape: a transposed view, a part of a larger array.
  std::vector<int64_t> strides = {};
};

// Bytes of one number; 0 for a dtype that safetensors does not have.
uint64_t dtype_bytes(std::string_view dtype);

// All errors are Exit::kInput, "FILE: at byte N: ...".
class TensorReader {
 public:
  virtual ~TensorReader() = default;
  TensorReader(const TensorReader&) = delete;
  TensorReader& operator=(const TensorReader&) = delete;

  const std::string& path() const { return file_.path(); }
  // In the order of the bytes of safetensors, of the dict of a file of PyTorch's.
  const std::vector<SafeTensor>& tensors() const { return tensors_; }
  const SafeTensor* find(std::string_view name) const;  // null if there is none
  // Without checksums; none in a file of PyTorch's.
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
  // checkpoint or weights are trusted.
  void verify() const;

 protected:
  // A part of the file that has a CRC-32 of its own.
  struct Block {
    std::string name;
    uint64_t begin = 0, end = 0;
    uint32_t crc = 0;
  };
  // The CRC-32 of a tensor's bytes, where a sum of what comes before them has led to `start`.
  struct Checksum {
    uint32_t start = 0, sum = 0;
  };

  explicit TensorReader(const std::string& path) : file_(path) {}
  // Once, before anything is read: all bytes are within the file, all dtypes known to dtype_bytes.
  void take_tensors(std::vector<SafeTensor> tensors);
  void check(const Block& block) const;

  InputFile file_;
  std::map<std::string, std::string> metadata_;
  std::unordered_map<std::string, Checksum> checksums_;  // by tensor
  std::vector<Block> blocks_;                            // verify() checks them

 private:
  template <class Consume>
  void stream(const SafeTensor& tensor, Consume&& consume) const;

  std::vector<SafeTensor> tensors_;
  std::unordered_map<std::string_view, size_t> by_name_;
  bool accept_non_finite_ = false;
};

}  // namespace cnn

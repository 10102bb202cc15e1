// npy: one array in a file, as NumPy writes it (format versions 1 and 2): a magic, a header with
// 'descr', 'fortran_order' and 'shape' as a Python dict, then the numbers. Little-endian
// f4 f8 i8 i4 u1 b1 are read, f4 is written. Arrays in Fortran order (the first axis runs fastest)
// are brought to C order in memory, whole, when they are first read.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"

namespace cnn {

enum class NpyType { kFloat32, kFloat64, kInt64, kInt32, kUint8, kBool };

// The header is checked against the size of the file before anything is read. Errors are
// Exit::kInput, "FILE: at byte N: ...".
class NpyReader {
 public:
  explicit NpyReader(const std::string& path);

  const std::string& path() const { return file_.path(); }
  NpyType type() const { return type_; }
  bool is_integer() const { return type_ != NpyType::kFloat32 && type_ != NpyType::kFloat64; }
  const std::vector<int64_t>& shape() const { return shape_; }
  int64_t count() const { return count_; }  // of all numbers
  uint64_t file_size() const { return file_.size(); }

  // Numbers first .. first+size-1 in C order; safe from several threads.
  void read(int64_t first, std::span<float> out) const;
  void read(int64_t first, std::span<double> out) const;
  // Whole numbers only: a bug for a float array.
  void read(int64_t first, std::span<int64_t> out) const;
  std::vector<float> read_all() const;

 private:
  void read_bytes(uint64_t offset, void* out, size_t size) const;
  void bring_to_c_order() const;
  template <class T>
  void read_as(int64_t first, std::span<T> out) const;
  void parse_header();

  InputFile file_;
  NpyType type_ = NpyType::kFloat32;
  std::vector<int64_t> shape_;
  int64_t count_ = 1;
  uint64_t data_begin_ = 0;
  bool is_fortran_ = false;
  mutable std::once_flag once_;
  mutable std::vector<char> ordered_;  // of an array in Fortran order, its bytes in C order
};

// Writes float32 piece by piece; the file appears, whole, at commit().
class NpyWriter {
 public:
  NpyWriter(const std::string& path, std::vector<int64_t> shape);
  void append(std::span<const float> values);
  void commit();  // every number of the shape has been appended (asserted)

 private:
  AtomicFile file_;
  int64_t missing_ = 1;
};

void write_npy(const std::string& path, std::vector<int64_t> shape, std::span<const float> values);

}  // namespace cnn

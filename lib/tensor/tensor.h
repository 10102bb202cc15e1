// Buffer and Tensor: owned float32 memory, 64-byte aligned.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

#include "tensor/view.h"

namespace cnn {

inline constexpr size_t kAlignment = 64;  // bytes; a cache line and an AVX-512 register

// Uninitialised aligned floats. Exit::kResource with the size when memory is refused.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t count);
  float* data() { return data_.get(); }
  const float* data() const { return data_.get(); }
  size_t size() const { return count_; }
  std::span<float> span() { return {data(), count_}; }
  std::span<const float> span() const { return {data(), count_}; }

 private:
  struct Free {
    void operator()(float* p) const;
  };
  std::unique_ptr<float, Free> data_;
  size_t count_ = 0;
};

// A batch that owns its memory; zeroed.
class Tensor {
 public:
  Tensor() = default;
  Tensor(const Shape& shape, int64_t batch);
  View view() { return {buffer_.data(), batch_, shape_}; }
  ConstView view() const { return {buffer_.data(), batch_, shape_}; }
  float* data() { return buffer_.data(); }
  const float* data() const { return buffer_.data(); }
  const Shape& shape() const { return shape_; }
  int64_t batch() const { return batch_; }

 private:
  Buffer buffer_;
  int64_t batch_ = 0;
  Shape shape_;
};

// Channels-last samples to and from the order of files: n samples of `shape`, [C,H,W] <-> HWC.
void to_channels_last(const float* channels_first, float* out, int64_t n, const Shape& shape);
void to_channels_first(const float* channels_last, float* out, int64_t n, const Shape& shape);

// Test hook: called with the size of every allocation; true makes it fail.
using AllocationFault = std::function<bool(size_t bytes)>;
void set_allocation_fault(AllocationFault fault);  // empty: none

}  // namespace cnn

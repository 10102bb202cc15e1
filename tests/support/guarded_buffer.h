// Memory that gives away who reads it unwritten or writes beyond it.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "tensor/tensor.h"

namespace cnn {

inline constexpr uint32_t kPoison = 0x7fc0dead;  // a NaN that no arithmetic gives

inline bool is_poison(float x) { return std::bit_cast<uint32_t>(x) == kPoison; }
inline void poison(float* data, int64_t count) {
  std::fill(data, data + count, std::bit_cast<float>(kPoison));
}

// Aligned memory full of poison, with guards on both sides.
class GuardedBuffer {
 public:
  explicit GuardedBuffer(int64_t count)
      : count_(count), buffer_(static_cast<size_t>(count + 2 * kGuard)) {
    poison(buffer_.data(), count + 2 * kGuard);
  }
  float* data() { return buffer_.data() + kGuard; }
  const float* data() const { return buffer_.data() + kGuard; }
  int64_t count() const { return count_; }

  // True if nothing from `used` on, nor before the start, has been written.
  bool is_sound(int64_t used) const {
    const float* begin = buffer_.data();
    return std::all_of(begin, begin + kGuard, is_poison) &&
           std::all_of(data() + used, begin + buffer_.size(), is_poison);
  }
  bool is_sound() const { return is_sound(count_); }

 private:
  static constexpr int64_t kGuard = static_cast<int64_t>(kAlignment / sizeof(float));
  int64_t count_;
  Buffer buffer_;
};

}  // namespace cnn

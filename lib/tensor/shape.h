// Shape: sizes without the batch, in the order that users write them, channels first. Rank gives
// the axes their names: [C], [T,F] (sequence), [C,H,W], [C,D,H,W]; parameters may have rank 5.
//
// In memory every value is channels-last: the batch first, then positions (H*W, D*H*W or T), then
// channels (C or F). Files and messages use the order above.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace cnn {

// One number per spatial axis: kernel, stride, pad, dilation.
struct Pair {
  int64_t h = 1;
  int64_t w = 1;
  bool operator==(const Pair&) const = default;
};

class Shape {
 public:
  static constexpr int kMaxRank = 5;

  Shape() = default;  // rank 0, one element
  // Sizes must be positive and their product must fit: Exit::kSpec, "element count overflows".
  Shape(std::initializer_list<int64_t> sizes);
  explicit Shape(std::span<const int64_t> sizes);

  int rank() const { return rank_; }
  int64_t operator[](int axis) const;
  int64_t count() const { return count_; }

  // By name. channels() is C, or F of a sequence; positions() is count() / channels().
  int64_t channels() const;
  int64_t positions() const { return count_ / channels(); }
  int64_t height() const;  // rank 3 and 4, else 1
  int64_t width() const;
  int64_t depth() const;  // rank 4, else 1
  // "C,H,W" for rank 3 ...
  std::string axes() const;

  bool operator==(const Shape&) const = default;
  std::string str() const;  // "[6,28,28]"

 private:
  std::array<int64_t, kMaxRank> sizes_{};
  int rank_ = 0;
  int64_t count_ = 1;
};

// Bytes of `batch` samples of float32; throws Exit::kSpec beyond 2^62.
uint64_t float_bytes(const Shape& shape, int64_t batch);

}  // namespace cnn

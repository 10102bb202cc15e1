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

// One number per spatial axis: sizes, kernel, stride, pad, dilation. A picture is a volume of one
// slice: its size, kernel, stride and dilation have d = 1, its pad d = 0; all three are always
// said.
struct Extents {
  int64_t d, h, w;

  constexpr Extents(int64_t depth, int64_t height, int64_t width) : d(depth), h(height), w(width) {}
  static constexpr Extents all(int64_t n) { return {n, n, n}; }
  // Of a picture: a size, kernel, stride or dilation.
  static constexpr Extents picture(int64_t h, int64_t w) { return {1, h, w}; }
  static constexpr Extents picture_pad(int64_t h, int64_t w) { return {0, h, w}; }

  constexpr int64_t count() const { return d * h * w; }
  // "3x3x3", of pictures "3x3".
  std::string str(bool is_volume) const;
  bool operator==(const Extents&) const = default;
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
  bool is_picture() const { return rank_ == 3; }
  bool is_volume() const { return rank_ == 4; }
  Extents extents() const { return {depth(), height(), width()}; }
  // A picture of a picture, a volume of a volume, with so many channels and of this size.
  Shape resized(int64_t channels, const Extents& size) const;
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

#include "tensor/shape.h"

#include "base/error.h"

namespace cnn {

std::string Extents::str(bool is_volume) const {
  const std::string plane = std::to_string(h) + "x" + std::to_string(w);
  return is_volume ? std::to_string(d) + "x" + plane : plane;
}

Shape::Shape(std::initializer_list<int64_t> sizes)
    : Shape(std::span<const int64_t>(sizes.begin(), sizes.size())) {}

Shape::Shape(std::span<const int64_t> sizes) {
  constexpr int64_t kMaxCount = int64_t{1} << 60;  // bytes then fit in 62 bits
  CNN_ASSERT(sizes.size() <= kMaxRank);
  for (const int64_t n : sizes) {
    sizes_[static_cast<size_t>(rank_++)] = n;
  }
  for (const int64_t n : sizes) {
    if (n <= 0) fail(Exit::kSpec, "", "shape {}: every dimension must be at least 1", str());
    if (count_ > kMaxCount / n) fail(Exit::kSpec, "", "shape {}: element count overflows", str());
    count_ *= n;
  }
}

int64_t Shape::operator[](int axis) const {
  CNN_ASSERT(axis >= 0 && axis < rank_);
  return sizes_[static_cast<size_t>(axis)];
}

int64_t Shape::channels() const {
  if (rank_ == 0) return 1;
  return rank_ == 2 ? sizes_[1] : sizes_[0];
}

int64_t Shape::height() const { return rank_ >= 3 ? sizes_[static_cast<size_t>(rank_ - 2)] : 1; }

int64_t Shape::width() const { return rank_ >= 3 ? sizes_[static_cast<size_t>(rank_ - 1)] : 1; }

int64_t Shape::depth() const { return rank_ == 4 ? sizes_[1] : 1; }

Shape Shape::resized(int64_t channels, const Extents& size) const {
  CNN_ASSERT(is_volume() || (is_picture() && size.d == 1));
  return is_volume() ? Shape{channels, size.d, size.h, size.w} : Shape{channels, size.h, size.w};
}

std::string Shape::axes() const {
  constexpr const char* kNames[] = {"", "C", "T,F", "C,H,W", "C,D,H,W", "O,I,D,H,W"};
  return kNames[rank_];
}

std::string Shape::str() const {
  std::string text = "[";
  for (int i = 0; i < rank_; ++i) {
    if (i > 0) text += ",";
    text += std::to_string(sizes_[static_cast<size_t>(i)]);
  }
  return text + "]";
}

uint64_t float_bytes(const Shape& shape, int64_t batch) {
  constexpr uint64_t kMax = uint64_t{1} << 62;
  const auto count = static_cast<uint64_t>(shape.count());
  const auto n = static_cast<uint64_t>(batch);
  if (batch < 0 || (n > 0 && count > kMax / sizeof(float) / n)) {
    fail(Exit::kSpec, "", "{} x batch {}: element count overflows", shape.str(), batch);
  }
  return count * n * sizeof(float);
}

}  // namespace cnn

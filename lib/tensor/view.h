// View and ConstView: borrowed float32 values of a batch, channels-last (see shape.h).
#pragma once

#include <cstdint>

#include "tensor/shape.h"

namespace cnn {

template <class T>
struct BasicView {
  T* data = nullptr;
  int64_t batch = 0;
  Shape shape;

  int64_t count() const { return batch * shape.count(); }
  int64_t channels() const { return shape.channels(); }
  // Every position of every sample is one row of channels() numbers.
  int64_t rows() const { return batch * shape.positions(); }
  T* sample(int64_t n) const { return data + n * shape.count(); }
  explicit operator bool() const { return data != nullptr; }
  operator BasicView<const T>() const { return {data, batch, shape}; }
};

using View = BasicView<float>;
using ConstView = BasicView<const float>;

}  // namespace cnn

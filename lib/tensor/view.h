// View and ConstView: borrowed float32 values of a batch, channels-last (see shape.h). Of a list
// (items.h) `batch` counts items, those of all samples.
#pragma once

#include <cstdint>

#include "tensor/shape.h"

namespace cnn {

template <class T>
struct BasicView {
  T* data = nullptr;
  int64_t batch = 0;
  Shape shape;
  // Of a list where samples matter: the items of sample n are starts[n] .. starts[n + 1]; null
  // where every item is looked at by itself.
  const int64_t* starts = nullptr;

  int64_t count() const { return batch * shape.count(); }
  int64_t channels() const { return shape.channels(); }
  // Every position of every sample is one row of channels() numbers.
  int64_t rows() const { return batch * shape.positions(); }
  // Of a plain value a sample, of a list an item.
  T* sample(int64_t n) const { return data + n * shape.count(); }
  int64_t items_of(int64_t n) const { return starts == nullptr ? 1 : starts[n + 1] - starts[n]; }
  int64_t first_item(int64_t n) const { return starts == nullptr ? n : starts[n]; }
  explicit operator bool() const { return data != nullptr; }
  operator BasicView<const T>() const { return {data, batch, shape, starts}; }
};

using View = BasicView<float>;
using ConstView = BasicView<const float>;

}  // namespace cnn

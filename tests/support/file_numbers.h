// Numbers in the order of files and as layers hold them.
#pragma once

#include <algorithm>
#include <bit>
#include <vector>

#include "layers/layer.h"
#include "support/layer_harness.h"
#include "tensor/tensor.h"

namespace cnn {

inline std::vector<float> to_floats(const Numbers& numbers) {
  return {numbers.begin(), numbers.end()};
}

// stored[i] = file[order[i]].
inline std::vector<size_t> stored_order(const ParameterRequest& request) {
  const Shape& shape = request.shape;
  const auto rank = static_cast<size_t>(shape.rank());
  std::vector<int> layout = request.layout;
  if (layout.empty()) {
    for (int axis = 0; axis < shape.rank(); ++axis) layout.push_back(axis);
  }
  std::vector<size_t> strides(rank, 1);
  for (size_t axis = rank - 1; axis-- > 0;) {
    strides[axis] = strides[axis + 1] * static_cast<size_t>(shape[static_cast<int>(axis) + 1]);
  }
  std::vector<size_t> order{0};
  for (const int axis : layout) {
    std::vector<size_t> longer;
    for (const size_t base : order) {
      for (size_t i = 0; i < static_cast<size_t>(shape[axis]); ++i) {
        longer.push_back(base + i * strides[static_cast<size_t>(axis)]);
      }
    }
    order = std::move(longer);
  }
  return order;
}

inline void store(const ParameterRequest& request, const std::vector<float>& file, float* stored) {
  const std::vector<size_t> order = stored_order(request);
  for (size_t i = 0; i < order.size(); ++i) stored[i] = file[order[i]];
}

inline std::vector<float> load(const ParameterRequest& request, const float* stored) {
  const std::vector<size_t> order = stored_order(request);
  std::vector<float> file(order.size());
  for (size_t i = 0; i < order.size(); ++i) file[order[i]] = stored[i];
  return file;
}

inline std::vector<float> in_file_order(const float* data, int64_t batch, const Shape& shape) {
  std::vector<float> file(static_cast<size_t>(batch * shape.count()));
  to_channels_first(data, file.data(), batch, shape);
  return file;
}

inline bool is_equal_memory(const float* a, const float* b, int64_t count) {
  return std::equal(a, a + count, b, [](float x, float y) {
    return std::bit_cast<uint32_t>(x) == std::bit_cast<uint32_t>(y);
  });
}

}  // namespace cnn

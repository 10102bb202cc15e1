#include "tensor/tensor.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace cnn {
namespace {

AllocationFault allocation_fault;

}  // namespace

void set_allocation_fault(AllocationFault fault) { allocation_fault = std::move(fault); }

Buffer::Buffer(size_t count) : count_(count) {
  if (count == 0) return;
  const size_t bytes = (count * sizeof(float) + kAlignment - 1) / kAlignment * kAlignment;
  const bool refused = allocation_fault && allocation_fault(bytes);
  data_.reset(refused ? nullptr : static_cast<float*>(std::aligned_alloc(kAlignment, bytes)));
  if (!data_) fail(Exit::kResource, "", "out of memory: {} refused", human_bytes(bytes));
}

void Buffer::Free::operator()(float* p) const { std::free(p); }

Tensor::Tensor(const Shape& shape, int64_t batch)
    : buffer_(float_bytes(shape, batch) / sizeof(float)), batch_(batch), shape_(shape) {
  std::fill(buffer_.data(), buffer_.data() + buffer_.size(), 0.0f);
}

void to_channels_last(const float* channels_first, float* out, int64_t n, const Shape& shape) {
  if (shape.rank() == 2) {  // [T,F] has its features last already
    std::copy(channels_first, channels_first + n * shape.count(), out);
    return;
  }
  const int64_t channels = shape.channels(), positions = shape.positions();
  for (int64_t i = 0; i < n; ++i, channels_first += shape.count(), out += shape.count()) {
    for (int64_t c = 0; c < channels; ++c) {
      for (int64_t p = 0; p < positions; ++p) {
        out[p * channels + c] = channels_first[c * positions + p];
      }
    }
  }
}

void to_channels_first(const float* channels_last, float* out, int64_t n, const Shape& shape) {
  if (shape.rank() == 2) {
    std::copy(channels_last, channels_last + n * shape.count(), out);
    return;
  }
  const int64_t channels = shape.channels(), positions = shape.positions();
  for (int64_t i = 0; i < n; ++i, channels_last += shape.count(), out += shape.count()) {
    for (int64_t p = 0; p < positions; ++p) {
      for (int64_t c = 0; c < channels; ++c) {
        out[c * positions + p] = channels_last[p * channels + c];
      }
    }
  }
}

}  // namespace cnn

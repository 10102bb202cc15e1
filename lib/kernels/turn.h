// A matrix turned: rows become columns.
#pragma once

#include <cstdint>

namespace cnn {

// to[j * to_stride + i] = from[i * from_stride + j] for `rows` by `columns` numbers, on the calling
// thread alone.
void turn(const float* from, int64_t from_stride, int64_t rows, int64_t columns, float* to,
          int64_t to_stride);

}  // namespace cnn

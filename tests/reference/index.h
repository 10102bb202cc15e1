// Where a number stands in the order of files.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/shape.h"

namespace cnn::reference {

// Of sample n, channel c, position p: [C,H,W] has its channels first, [T,F] last.
inline size_t file_index(const Shape& shape, int64_t n, int64_t c, int64_t p) {
  const int64_t within = shape.rank() == 2 ? p * shape.channels() + c : c * shape.positions() + p;
  return static_cast<size_t>(n * shape.count() + within);
}

}  // namespace cnn::reference

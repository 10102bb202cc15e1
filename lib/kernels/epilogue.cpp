#include "kernels/epilogue.h"

#include <algorithm>

#include "base/parallel.h"
#include "kernels/finish.h"

namespace cnn {

bool start_rows(const Epilogue& e, int64_t rows, int64_t columns, int64_t stride, float* y) {
  if (!e.bias && !e.residual) return false;
  if (!e.bias && e.residual == y) return true;
  for (int64_t i = 0; i < rows; ++i) {
    float* to = y + i * stride;
    const float* residual = e.residual ? e.residual + i * stride : nullptr;
    if (!residual) {
      std::copy_n(e.bias, columns, to);
    } else if (!e.bias) {
      std::copy_n(residual, columns, to);
    } else {
#pragma GCC ivdep
      for (int64_t c = 0; c < columns; ++c) to[c] = e.bias[c] + residual[c];
    }
  }
  return true;
}

void rectify_rows(const Rectifier& rectifier, int64_t rows, int64_t columns, int64_t stride,
                  float* y) {
  if (rectifier.is_identity()) return;
  if (stride == columns) {
    columns *= rows;
    rows = 1;
  }
  for (int64_t i = 0; i < rows; ++i, y += stride) {
    over_channels(columns, [&](auto lanes, int64_t c, int64_t n) {
      using L = decltype(lanes);
      using V = typename L::Vector;
      const Rectify<V> rectify(rectifier);
      store_lanes<V, L::kWhole>(y + c, rectify(load_lanes<V, L::kWhole>(y + c, n)), n);
    });
  }
}

void rectify_gradient(const Rectifier& rectifier, const float* y, int64_t count, float* g) {
  if (rectifier.is_identity()) return;
  parallel_for(count, grain_for(count, 1), [=](int64_t begin, int64_t end) {
    over_channels(end - begin, [&](auto lanes, int64_t c, int64_t n) {
      using L = decltype(lanes);
      using V = typename L::Vector;
      const Rectify<V> rectify(rectifier);
      const V value = load_lanes<V, L::kWhole>(y + begin + c, n);
      const V gradient = load_lanes<V, L::kWhole>(g + begin + c, n);
      store_lanes<V, L::kWhole>(g + begin + c, rectify.gradient(gradient, value), n);
    });
  });
}

}  // namespace cnn

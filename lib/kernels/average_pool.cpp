#include <algorithm>

#include "base/parallel.h"
#include "kernels/pool.h"
#include "kernels/pool_window.h"
#include "kernels/simd.h"

namespace cnn {
namespace {

// Slices that count in a window.
int64_t slices_of(const AveragePoolShape& s, const PoolSlices& w) {
  return s.count_pad ? std::min(w.front + s.kernel.d, s.in.d + s.pad_end.d) - w.front : w.z1 - w.z0;
}

// 1 / the number of pixels that count in a window, whose slices are counted already.
float weight_of(const AveragePoolShape& s, int64_t slices, const PoolWindow& w) {
  int64_t rows = w.y1 - w.y0, cols = w.x1 - w.x0;
  if (s.count_pad) {
    rows = std::min(w.top + s.kernel.h, s.in.h + s.pad_end.h) - w.top;
    cols = std::min(w.left + s.kernel.w, s.in.w + s.pad_end.w) - w.left;
  }
  return 1.0f / static_cast<float>(std::max<int64_t>(slices * rows * cols, 1));
}

void pool_row(const AveragePoolShape& s, const float* volume, int64_t oz, int64_t oy, float* out) {
  const PoolSlices slices(s, oz);
  const int64_t counted = slices_of(s, slices), slice_size = s.in.h * s.in.w * s.channels;
  for (int64_t ox = 0; ox < s.out.w; ++ox) {
    const PoolWindow window(s, oy, ox);
    const float weight = weight_of(s, counted, window);
    over_channels(s.channels, [&](auto lanes, int64_t c, int64_t n) {
      using L = decltype(lanes);
      using V = typename L::Vector;
      V sum{};
      for (int64_t z = slices.z0; z < slices.z1; ++z) {
        const float* slice = volume + z * slice_size;
        for (int64_t y = window.y0; y < window.y1; ++y) {
          const float* from = slice + (y * s.in.w + window.x0) * s.channels + c;
          for (int64_t x = window.x0; x < window.x1; ++x, from += s.channels) {
            sum += load_lanes<V, L::kWhole>(from, n);
          }
        }
      }
      store_lanes<V, L::kWhole>(out + ox * s.channels + c, sum * weight, n);
    });
  }
}

// to (+)= weight * from, all channels of a pixel.
void add_scaled(const float* from, float weight, int64_t channels, bool add, float* to) {
  over_channels(channels, [&](auto lanes, int64_t c, int64_t n) {
    using L = decltype(lanes);
    using V = typename L::Vector;
    V sum = load_lanes<V, L::kWhole>(from + c, n) * weight;
    if (add) sum += load_lanes<V, L::kWhole>(to + c, n);
    store_lanes<V, L::kWhole>(to + c, sum, n);
  });
}

void gather_row(const AveragePoolShape& s, const float* grad_out, int64_t z, int64_t y, bool add,
                float* grad_in) {
  const PoolSliceCover slices(s, z);
  for (int64_t x = 0; x < s.in.w; ++x, grad_in += s.channels) {
    const PoolCover cover(s, y, x);
    bool started = add;
    for (int64_t oz = slices.oz0; oz < slices.oz1; ++oz) {
      const int64_t counted = slices_of(s, PoolSlices(s, oz));
      for (int64_t oy = cover.oy0; oy < cover.oy1; ++oy) {
        const float* from = grad_out + (oz * s.out.h + oy) * s.out.w * s.channels;
        for (int64_t ox = cover.ox0; ox < cover.ox1; ++ox) {
          add_scaled(from + ox * s.channels, weight_of(s, counted, PoolWindow(s, oy, ox)),
                     s.channels, started, grad_in);
          started = true;
        }
      }
    }
    if (!started) std::fill_n(grad_in, s.channels, 0.0f);
  }
}

}  // namespace

void average_pool(const AveragePoolShape& s, int64_t batch, const float* in, float* out) {
  const int64_t a_volume = s.out.d * s.out.h, rows = batch * a_volume;
  const int64_t row_size = s.out.w * s.channels, cost = row_size * s.kernel.count();
  parallel_for(rows, grain_for(rows, cost), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t n = row / a_volume, oz = row % a_volume / s.out.h;
      pool_row(s, in + n * s.in.count() * s.channels, oz, row % s.out.h, out + row * row_size);
    }
  });
}

void average_pool_backward(const AveragePoolShape& s, int64_t batch, const float* grad_out,
                           bool add, float* grad_in) {
  const int64_t a_volume = s.in.d * s.in.h, rows = batch * a_volume;
  const int64_t row_size = s.in.w * s.channels;
  parallel_for(rows, grain_for(rows, 4 * row_size), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t n = row / a_volume, z = row % a_volume / s.in.h;
      gather_row(s, grad_out + n * s.out.count() * s.channels, z, row % s.in.h, add,
                 grad_in + row * row_size);
    }
  });
}

void global_average_pool(const float* in, int64_t batch, int64_t positions, int64_t channels,
                         float* out) {
  const float weight = 1.0f / static_cast<float>(positions);
  parallel_for(batch, grain_for(batch, positions * channels), [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      float* sums = out + n * channels;
      std::fill_n(sums, channels, 0.0f);
      const float* from = in + n * positions * channels;
      for (int64_t i = 0; i < positions; ++i, from += channels) {
        for (int64_t c = 0; c < channels; ++c) sums[c] += from[c];
      }
      for (int64_t c = 0; c < channels; ++c) sums[c] *= weight;
    }
  });
}

void global_average_pool_backward(const float* grad_out, int64_t batch, int64_t positions,
                                  int64_t channels, bool add, float* grad_in) {
  const float weight = 1.0f / static_cast<float>(positions);
  const int64_t rows = batch * positions;
  parallel_for(rows, grain_for(rows, channels), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float* from = grad_out + i / positions * channels;
      float* to = grad_in + i * channels;
      for (int64_t c = 0; c < channels; ++c) to[c] = (add ? to[c] : 0.0f) + weight * from[c];
    }
  });
}

}  // namespace cnn

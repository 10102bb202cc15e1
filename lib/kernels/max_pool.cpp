// Places are numbered row by row inside the window, one byte each while the window allows it.
#include <algorithm>
#include <limits>

#include "base/parallel.h"
#include "kernels/pool.h"
#include "kernels/pool_window.h"
#include "kernels/simd.h"

namespace cnn {
namespace {

constexpr int64_t kSlackBytes = 64;  // behind each sample's places: vectors may read past the end

bool fits_byte(const PoolShape& s) { return s.kernel.h * s.kernel.w <= 256; }

int64_t place_bytes(const PoolShape& s) {
  const int64_t count = s.channels * s.out_height * s.out_width;
  return count * (fits_byte(s) ? 1 : 4) + kSlackBytes;
}

template <class Place>
Place* sample_places(const PoolShape& s, float* places, int64_t n) {
  return reinterpret_cast<Place*>(places + n * max_pool_places(s));
}

template <class L>
void store_places(uint8_t* to, typename L::Integers places, int64_t n) {
  store_bytes<L>(to, places, n);
}
template <class L>
void store_places(uint32_t* to, typename L::Integers places, int64_t n) {
  for (int64_t i = 0; i < n; ++i) to[i] = static_cast<uint32_t>(places[i]);
}

// Reads the places of a whole vector.
template <class L>
typename L::Integers load_places(const uint8_t* from) {
  return load_bytes<L>(from);
}
template <class L>
typename L::Integers load_places(const uint32_t* from) {
  typename L::Integers places;
  std::memcpy(&places, from, sizeof(places));
  return places;
}

// One output pixel, the channels of one block. `window` is clipped to the image.
template <class L, bool kSave, class Place>
void pool_pixel(const PoolShape& s, const float* in, const PoolWindow& window, int64_t n,
                float* out, Place* places) {
  using V = typename L::Vector;
  using Integers = typename L::Integers;
  V best = broadcast<V>(-std::numeric_limits<float>::infinity());
  Integers place = Integers{} + static_cast<int32_t>(window.place(window.y0, window.x0, s));
  for (int64_t y = window.y0; y < window.y1; ++y) {
    const float* from = in + (y * s.in_width + window.x0) * s.channels;
    auto at = static_cast<int32_t>(window.place(y, window.x0, s));
    for (int64_t x = window.x0; x < window.x1; ++x, from += s.channels, ++at) {
      const V v = load_lanes<V, L::kWhole>(from, n);
      const auto better = (v > best) | (v != v);
      best = better ? v : best;
      if constexpr (kSave) place = better ? Integers{} + at : place;
    }
  }
  store_lanes<V, L::kWhole>(out, best, n);
  if constexpr (kSave) store_places<L>(places, place, n);
}

template <bool kSave, class Place>
void pool_row(const PoolShape& s, const float* image, int64_t oy, float* out, Place* places) {
  for (int64_t ox = 0; ox < s.out_width; ++ox) {
    const PoolWindow window(s, oy, ox);
    over_channels(s.channels, [&](auto lanes, int64_t c, int64_t n) {
      const int64_t to = ox * s.channels + c;
      pool_pixel<decltype(lanes), kSave>(s, image + c, window, n, out + to,
                                         kSave ? places + to : nullptr);
    });
  }
}

template <bool kSave, class Place>
void pool(const PoolShape& s, int64_t batch, const float* in, float* out, float* places) {
  const int64_t rows = batch * s.out_height, row_size = s.out_width * s.channels;
  const int64_t cost = row_size * s.kernel.h * s.kernel.w;
  parallel_for(rows, grain_for(rows, cost), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t n = row / s.out_height, oy = row % s.out_height;
      Place* to = nullptr;
      if constexpr (kSave) to = sample_places<Place>(s, places, n) + oy * row_size;
      pool_row<kSave>(s, in + n * s.in_height * s.in_width * s.channels, oy, out + row * row_size,
                      to);
    }
  });
}

// Gives to the pixels of one window in an input row, `place` being the first of them, what arrived
// at the window if its maximum stood there. kAdd: windows overlap, or there was a gradient before.
template <class L, bool kAdd, class Place>
void spread_pixel(const float* grad_out, const Place* places, int64_t place, int64_t pixels,
                  int64_t channels, int64_t n, float* to) {
  using V = typename L::Vector;
  using Integers = typename L::Integers;
  const V gradient = load_lanes<V, L::kWhole>(grad_out, n);
  const Integers stored = load_places<L>(places);
  for (int64_t i = 0; i < pixels; ++i, to += channels) {
    const auto here = stored == Integers{} + static_cast<int32_t>(place + i);
    V sum = here ? gradient : V{};
    if constexpr (kAdd) sum += load_lanes<V, L::kWhole>(to, n);
    store_lanes<V, L::kWhole>(to, sum, n);
  }
}

// The gradient of input row y from the windows over it, in their order.
template <bool kAdd, class Place>
void spread_row(const PoolShape& s, const float* grad_out, const Place* places, int64_t y,
                float* row) {
  const PoolCover cover(s, y, 0);
  for (int64_t oy = cover.oy0; oy < cover.oy1; ++oy) {
    for (int64_t ox = 0; ox < s.out_width; ++ox) {
      const PoolWindow window(s, oy, ox);
      const int64_t place = window.place(y, window.x0, s), pixels = window.x1 - window.x0;
      const int64_t from = (oy * s.out_width + ox) * s.channels;
      over_channels(s.channels, [&](auto lanes, int64_t c, int64_t n) {
        spread_pixel<decltype(lanes), kAdd>(grad_out + from + c, places + from + c, place, pixels,
                                            s.channels, n, row + window.x0 * s.channels + c);
      });
    }
  }
}

template <class Place>
void pool_backward(const PoolShape& s, int64_t batch, const float* grad_out, const float* places,
                   bool add, float* grad_in) {
  const int64_t rows = batch * s.in_height, row_size = s.in_width * s.channels;
  const int64_t out_count = s.out_height * s.out_width * s.channels;
  const bool overlap = s.kernel.h > s.stride.h || s.kernel.w > s.stride.w;
  parallel_for(rows, grain_for(rows, 4 * row_size), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t n = row / s.in_height, y = row % s.in_height;
      const Place* from = sample_places<Place>(s, const_cast<float*>(places), n);
      float* to = grad_in + row * row_size;
      if (!add) std::fill_n(to, row_size, 0.0f);
      if (add || overlap) {
        spread_row<true>(s, grad_out + n * out_count, from, y, to);
      } else {
        spread_row<false>(s, grad_out + n * out_count, from, y, to);
      }
    }
  });
}

}  // namespace

void max_pool(const PoolShape& s, int64_t batch, const float* in, float* out, float* places) {
  if (!places) {
    pool<false, uint8_t>(s, batch, in, out, nullptr);
  } else if (fits_byte(s)) {
    pool<true, uint8_t>(s, batch, in, out, places);
  } else {
    pool<true, uint32_t>(s, batch, in, out, places);
  }
}

void max_pool_backward(const PoolShape& s, int64_t batch, const float* grad_out,
                       const float* places, bool add, float* grad_in) {
  if (fits_byte(s)) {
    pool_backward<uint8_t>(s, batch, grad_out, places, add, grad_in);
  } else {
    pool_backward<uint32_t>(s, batch, grad_out, places, add, grad_in);
  }
}

int64_t max_pool_places(const PoolShape& s) {
  return (place_bytes(s) + static_cast<int64_t>(sizeof(float)) - 1) /
         static_cast<int64_t>(sizeof(float));
}

}  // namespace cnn

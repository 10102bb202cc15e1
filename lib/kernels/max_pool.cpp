// Places are numbered row by row inside the window, one byte each while the window allows it.
#include <algorithm>
#include <bit>
#include <limits>
#include <type_traits>

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

// The first n of a vector of numbers, as Places.
template <class Place, class L>
void store_places(Place* to, typename L::Integers places, int64_t n) {
  if constexpr (std::is_same_v<Place, uint8_t>) {
    constexpr int kCount = kLanes<typename L::Vector>;
    using Bytes __attribute__((vector_size(kCount))) = uint8_t;
    const Bytes bytes = __builtin_convertvector(places, Bytes);
    store_first_bytes<L::kWhole>(to, bytes, n);
  } else {
    using V = typename L::Vector;
    store_lanes<V, L::kWhole>(reinterpret_cast<float*>(to), std::bit_cast<V>(places), n);
  }
}

template <class Place, class L>
typename L::Integers load_places(const Place* from) {
  constexpr int kCount = kLanes<typename L::Vector>;
  using Stored __attribute__((vector_size(kCount * sizeof(Place)))) = Place;
  Stored stored;
  std::memcpy(&stored, from, sizeof(stored));
  return __builtin_convertvector(stored, typename L::Integers);
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
  if constexpr (kSave) store_places<Place, L>(places, place, n);
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

// The gradient of one input pixel: of every window over it, what arrived there if its maximum stood
// here.
template <class L, class Place>
typename L::Vector gather_pixel(const PoolShape& s, const float* grad_out, const Place* places,
                                const PoolCover& cover, int64_t y, int64_t x, int64_t c,
                                int64_t n) {
  using V = typename L::Vector;
  using Integers = typename L::Integers;
  V sum{};
  for (int64_t oy = cover.oy0; oy < cover.oy1; ++oy) {
    for (int64_t ox = cover.ox0; ox < cover.ox1; ++ox) {
      const int64_t from = (oy * s.out_width + ox) * s.channels + c;
      const int64_t place =
          (y + s.pad.h - oy * s.stride.h) * s.kernel.w + x + s.pad.w - ox * s.stride.w;
      const Integers here =
          load_places<Place, L>(places + from) == Integers{} + static_cast<int32_t>(place);
      const V gradient = load_lanes<V, L::kWhole>(grad_out + from, n);
      sum += here ? gradient : V{};
    }
  }
  return sum;
}

template <class Place>
void pool_backward(const PoolShape& s, int64_t batch, const float* grad_out, const float* places,
                   bool add, float* grad_in) {
  const int64_t rows = batch * s.in_height, row_size = s.in_width * s.channels;
  const int64_t out_count = s.out_height * s.out_width * s.channels;
  parallel_for(rows, grain_for(rows, 4 * row_size), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t n = row / s.in_height, y = row % s.in_height;
      const Place* from = sample_places<Place>(s, const_cast<float*>(places), n);
      for (int64_t x = 0; x < s.in_width; ++x) {
        const PoolCover cover(s, y, x);
        float* pixel = grad_in + row * row_size + x * s.channels;
        over_channels(s.channels, [&](auto lanes, int64_t c, int64_t count) {
          using L = decltype(lanes);
          using V = typename L::Vector;
          V sum = gather_pixel<L, Place>(s, grad_out + n * out_count, from, cover, y, x, c, count);
          if (add) sum += load_lanes<V, L::kWhole>(pixel + c, count);
          store_lanes<V, L::kWhole>(pixel + c, sum, count);
        });
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

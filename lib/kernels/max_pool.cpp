// Places are numbered slice by slice, row by row inside the window, one byte each while the window
// allows it.
#include <algorithm>
#include <type_traits>

#include "base/parallel.h"
#include "kernels/pool.h"
#include "kernels/pool_window.h"
#include "kernels/simd.h"

namespace cnn {
namespace {

constexpr int64_t kSlackBytes = 64;  // behind each sample's places: vectors may read past the end

bool fits_byte(const PoolShape& s) { return s.kernel.count() <= 256; }

int64_t place_bytes(const PoolShape& s) {
  const int64_t count = s.channels * s.out.count();
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

// A window, clipped to the image, under one block of channels: its first pixel, the distance of its
// rows in floats, and its size, which the compiler knows if kHeight and kWidth are not 0.
template <int kHeight, int kWidth>
struct Window {
  const float* from;
  int64_t row_floats, channels;
  int64_t dynamic_height, dynamic_width;
  int64_t first_place, place_row;  // the number of its first pixel, and of one a row further

  int64_t height() const { return kHeight ? kHeight : dynamic_height; }
  int64_t width() const { return kWidth ? kWidth : dynamic_width; }
};

// One output pixel, the channels of one block. `room`: floats from `out` to the end of its row. A
// vector that is not full may be stored whole before that: the next pixel's then covers the rest.
template <class L, bool kSave, class W, class Place>
void pool_pixel(const W& window, int64_t n, int64_t room, float* out, Place* places) {
  using V = typename L::Vector;
  using Integers = typename L::Integers;
  V best = load_lanes<V, L::kWhole>(window.from, n);
  Integers place = Integers{} + static_cast<int32_t>(window.first_place);
  for (int64_t y = 0; y < window.height(); ++y) {
    const float* from = window.from + y * window.row_floats;
    const auto at = static_cast<int32_t>(window.first_place + y * window.place_row);
    for (int64_t x = 0; x < window.width(); ++x) {
      const V v = load_lanes<V, L::kWhole>(from + x * window.channels, n);
      const auto better = (v > best) | (v != v);
      best = better ? v : best;
      if constexpr (kSave) place = better ? Integers{} + (at + static_cast<int32_t>(x)) : place;
    }
  }
  if (L::kWhole || room >= kLanes<V>) {
    store(out, best);
    if constexpr (kSave) store_places<Lanes<V, true>>(places, place, kLanes<V>);
  } else {
    store_first(out, best, n);
    if constexpr (kSave) store_places<L>(places, place, n);
  }
}

// Output pixels [begin, end) of row oy. If kWidth is not 0 their windows lie inside the image and
// differ in their place alone.
template <bool kSave, int kHeight, int kWidth, class Place>
void pool_pixels(const PoolShape& s, const float* image, int64_t oy, int64_t begin, int64_t end,
                 float* out, Place* places) {
  if (begin >= end) return;
  const int64_t row_size = s.out.w * s.channels;
  PoolWindow clipped(s, oy, begin);
  const float* from = image + (clipped.y0 * s.in.w + clipped.x0) * s.channels;
  Window<kHeight, kWidth> window{from,
                                 s.in.w * s.channels,
                                 s.channels,
                                 clipped.y1 - clipped.y0,
                                 clipped.x1 - clipped.x0,
                                 clipped.place(clipped.y0, clipped.x0, s),
                                 s.kernel.w};
  for (int64_t ox = begin; ox < end; ++ox, from += s.stride.w * s.channels) {
    if constexpr (kWidth == 0) {
      clipped = PoolWindow(s, oy, ox);
      from = image + (clipped.y0 * s.in.w + clipped.x0) * s.channels;
      window.dynamic_width = clipped.x1 - clipped.x0;
      window.first_place = clipped.place(clipped.y0, clipped.x0, s);
    }
    over_channels(s.channels, [&](auto lanes, int64_t c, int64_t n) {
      const int64_t to = ox * s.channels + c;
      window.from = from + c;
      pool_pixel<decltype(lanes), kSave>(window, n, row_size - to, out + to,
                                         kSave ? places + to : nullptr);
    });
  }
}

template <bool kSave, class Place>
void pool_row(const PoolShape& s, const float* image, int64_t oy, float* out, Place* places) {
  const PoolWindow first(s, oy, 0);
  // Of the row's windows, those that lie inside the image.
  const int64_t begin = std::min(s.out.w, (s.pad.w + s.stride.w - 1) / s.stride.w);
  const int64_t room = s.in.w + s.pad.w - s.kernel.w;
  const int64_t end = room < 0 ? begin : std::clamp(room / s.stride.w + 1, begin, s.out.w);
  const auto pixels = [&](auto height, auto width, int64_t from, int64_t to) {
    pool_pixels<kSave, height, width>(s, image, oy, from, to, out, places);
  };
  constexpr std::integral_constant<int, 0> kAny;
  constexpr std::integral_constant<int, 2> kTwo;
  constexpr std::integral_constant<int, 3> kThree;
  pixels(kAny, kAny, 0, begin);
  if (first.y1 - first.y0 == 2 && s.kernel.w == 2) {
    pixels(kTwo, kTwo, begin, end);
  } else if (first.y1 - first.y0 == 3 && s.kernel.w == 3) {
    pixels(kThree, kThree, begin, end);
  } else {
    pixels(kAny, kAny, begin, end);
  }
  pixels(kAny, kAny, end, s.out.w);
}

// One output pixel of a volume, the channels of one block.
template <class L, bool kSave, class Place>
void pool_voxel(const PoolShape& s, const float* volume, const PoolSlices& slices,
                const PoolWindow& window, int64_t n, float* out, Place* places) {
  using V = typename L::Vector;
  using Integers = typename L::Integers;
  const auto at = [&](int64_t z, int64_t y, int64_t x) {
    return volume + ((z * s.in.h + y) * s.in.w + x) * s.channels;
  };
  V best = load_lanes<V, L::kWhole>(at(slices.z0, window.y0, window.x0), n);
  Integers place = Integers{} + static_cast<int32_t>(slices.place(slices.z0, s) +
                                                     window.place(window.y0, window.x0, s));
  for (int64_t z = slices.z0; z < slices.z1; ++z) {
    for (int64_t y = window.y0; y < window.y1; ++y) {
      const float* from = at(z, y, window.x0);
      auto here = static_cast<int32_t>(slices.place(z, s) + window.place(y, window.x0, s));
      for (int64_t x = window.x0; x < window.x1; ++x, ++here, from += s.channels) {
        const V v = load_lanes<V, L::kWhole>(from, n);
        const auto better = (v > best) | (v != v);
        best = better ? v : best;
        if constexpr (kSave) place = better ? Integers{} + here : place;
      }
    }
  }
  store_lanes<V, L::kWhole>(out, best, n);
  if constexpr (kSave) store_places<L>(places, place, n);
}

template <bool kSave, class Place>
void pool_volume_row(const PoolShape& s, const float* volume, int64_t oz, int64_t oy, float* out,
                     Place* places) {
  const PoolSlices slices(s, oz);
  for (int64_t ox = 0; ox < s.out.w; ++ox) {
    const PoolWindow window(s, oy, ox);
    over_channels(s.channels, [&](auto lanes, int64_t c, int64_t n) {
      const int64_t to = ox * s.channels + c;
      pool_voxel<decltype(lanes), kSave>(s, volume + c, slices, window, n, out + to,
                                         kSave ? places + to : nullptr);
    });
  }
}

template <bool kSave, class Place>
void pool(const PoolShape& s, int64_t batch, const float* in, float* out, float* places) {
  const int64_t a_volume = s.out.d * s.out.h, rows = batch * a_volume;
  const int64_t row_size = s.out.w * s.channels, cost = row_size * s.kernel.count();
  parallel_for(rows, grain_for(rows, cost), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t n = row / a_volume, oy = row % s.out.h;
      const float* from = in + n * s.in.count() * s.channels;
      Place* to = nullptr;
      if constexpr (kSave) to = sample_places<Place>(s, places, n) + row % a_volume * row_size;
      if (s.is_picture()) {
        pool_row<kSave>(s, from, oy, out + row * row_size, to);
      } else {
        pool_volume_row<kSave>(s, from, row % a_volume / s.out.h, oy, out + row * row_size, to);
      }
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

// The gradient of row y of input slice z from the windows over it, in their order.
template <bool kAdd, class Place>
void spread_row(const PoolShape& s, const float* grad_out, const Place* places, int64_t z,
                int64_t y, float* row) {
  const PoolSliceCover slices(s, z);
  const PoolCover cover(s, y, 0);
  for (int64_t oz = slices.oz0; oz < slices.oz1; ++oz) {
    const int64_t slice = PoolSlices(s, oz).place(z, s);
    for (int64_t oy = cover.oy0; oy < cover.oy1; ++oy) {
      for (int64_t ox = 0; ox < s.out.w; ++ox) {
        const PoolWindow window(s, oy, ox);
        const int64_t place = slice + window.place(y, window.x0, s);
        const int64_t pixels = window.x1 - window.x0;
        const int64_t from = ((oz * s.out.h + oy) * s.out.w + ox) * s.channels;
        over_channels(s.channels, [&](auto lanes, int64_t c, int64_t n) {
          spread_pixel<decltype(lanes), kAdd>(grad_out + from + c, places + from + c, place, pixels,
                                              s.channels, n, row + window.x0 * s.channels + c);
        });
      }
    }
  }
}

// Windows of pictures that do not overlap and lie inside the image, without padding.
bool is_plain(const PoolShape& s) {
  return s.is_picture() && s.stride.h >= s.kernel.h && s.stride.w >= s.kernel.w &&
         s.pad == Extents::all(0) && (s.out.h - 1) * s.stride.h + s.kernel.h <= s.in.h &&
         (s.out.w - 1) * s.stride.w + s.kernel.w <= s.in.w;
}

// What a window's pixel number `place` gets of the gradient, all channels, overwritten. A vector
// that is not full may be stored whole up to `room` floats from `to`: the next pixel covers the
// rest.
template <class Place>
void spread_plain_pixel(const float* grad_out, const Place* places, int64_t channels, int64_t place,
                        int64_t room, float* to) {
  over_channels(channels, [&](auto lanes, int64_t c, int64_t n) {
    using L = decltype(lanes);
    using V = typename L::Vector;
    using Integers = typename L::Integers;
    const V gradient = load_lanes<V, L::kWhole>(grad_out + c, n);
    const auto here = load_places<L>(places + c) == Integers{} + static_cast<int32_t>(place);
    const V value = here ? gradient : V{};
    if (L::kWhole || room - c >= kLanes<V>) {
      store(to + c, value);
    } else {
      store_first(to + c, value, n);
    }
  });
}

// The gradients under one output row of plain windows, from left to right.
template <class Place>
void spread_plain_row(const PoolShape& s, const float* grad_out, const Place* places, float* rows) {
  const int64_t row_size = s.in.w * s.channels, step = s.stride.w * s.channels;
  for (int64_t y = 0; y < s.kernel.h; ++y) {
    float *row = rows + y * row_size, *to = row, *end = row + row_size;
    for (int64_t ox = 0; ox < s.out.w; ++ox) {
      for (int64_t x = 0; x < s.kernel.w; ++x, to += s.channels) {
        spread_plain_pixel(grad_out + ox * s.channels, places + ox * s.channels, s.channels,
                           y * s.kernel.w + x, end - to, to);
      }
      float* next = std::min(row + (ox + 1) * step, end);
      std::fill(to, next, 0.0f);
      to = next;
    }
    std::fill(to, end, 0.0f);
  }
}

template <class Place>
void plain_backward(const PoolShape& s, int64_t batch, const float* grad_out, const float* places,
                    float* grad_in) {
  const int64_t rows = batch * s.out.h, row_size = s.in.w * s.channels;
  parallel_for(rows, grain_for(rows, 2 * s.stride.h * row_size), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t n = row / s.out.h, oy = row % s.out.h;
      const int64_t out_row = s.out.w * s.channels;
      const int64_t last = oy + 1 < s.out.h ? (oy + 1) * s.stride.h : s.in.h;
      float* to = grad_in + (n * s.in.h + oy * s.stride.h) * row_size;
      spread_plain_row(s, grad_out + row * out_row,
                       sample_places<Place>(s, const_cast<float*>(places), n) + oy * out_row, to);
      std::fill(to + s.kernel.h * row_size, to + (last - oy * s.stride.h) * row_size, 0.0f);
    }
  });
}

template <class Place>
void pool_backward(const PoolShape& s, int64_t batch, const float* grad_out, const float* places,
                   bool add, float* grad_in) {
  if (!add && is_plain(s)) return plain_backward<Place>(s, batch, grad_out, places, grad_in);
  const int64_t a_volume = s.in.d * s.in.h, rows = batch * a_volume;
  const int64_t row_size = s.in.w * s.channels, out_count = s.out.count() * s.channels;
  const bool overlap =
      s.kernel.d > s.stride.d || s.kernel.h > s.stride.h || s.kernel.w > s.stride.w;
  parallel_for(rows, grain_for(rows, 4 * row_size), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t n = row / a_volume, z = row % a_volume / s.in.h, y = row % s.in.h;
      const Place* from = sample_places<Place>(s, const_cast<float*>(places), n);
      float* to = grad_in + row * row_size;
      if (!add) std::fill_n(to, row_size, 0.0f);
      if (add || overlap) {
        spread_row<true>(s, grad_out + n * out_count, from, z, y, to);
      } else {
        spread_row<false>(s, grad_out + n * out_count, from, z, y, to);
      }
    }
  });
}

template <class Place>
void pool_at(const PoolShape& s, int64_t batch, const float* in, const float* places, bool add,
             float* out) {
  const int64_t a_volume = s.out.d * s.out.h, rows = batch * a_volume;
  const int64_t row_size = s.out.w * s.channels, in_slice = s.in.h * s.in.w * s.channels;
  const int64_t plane = s.kernel.h * s.kernel.w;
  parallel_for(rows, grain_for(rows, 4 * row_size), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t n = row / a_volume, oz = row % a_volume / s.out.h, oy = row % s.out.h;
      const Place* place =
          sample_places<Place>(s, const_cast<float*>(places), n) + row % a_volume * row_size;
      const float* volume = in + n * s.in.d * in_slice;
      const PoolSlices slices(s, oz);
      float* to = out + row * row_size;
      for (int64_t ox = 0; ox < s.out.w; ++ox) {
        const PoolWindow window(s, oy, ox);
        for (int64_t c = 0; c < s.channels; ++c, ++place, ++to) {
          int64_t at = *place;
          const float* image = volume;
          if (s.kernel.d > 1 || s.in.d > 1) {
            image += (slices.front + at / plane) * in_slice;
            at %= plane;
          }
          const int64_t y = window.top + at / s.kernel.w;
          const float value = image[(y * s.in.w + window.left + at % s.kernel.w) * s.channels + c];
          *to = add ? *to + value : value;
        }
      }
    }
  });
}

// The slices of a volume as so many pictures, if they stand alone.
void as_pictures(PoolShape& s, int64_t& batch) {
  if (s.in.d == 1 || !s.has_lone_slices()) return;
  batch *= s.in.d;
  s.in.d = s.out.d = 1;
}

}  // namespace

void max_pool(const PoolShape& shape, int64_t batch, const float* in, float* out, float* places) {
  PoolShape s = shape;
  as_pictures(s, batch);
  if (!places) {
    pool<false, uint8_t>(s, batch, in, out, nullptr);
  } else if (fits_byte(s)) {
    pool<true, uint8_t>(s, batch, in, out, places);
  } else {
    pool<true, uint32_t>(s, batch, in, out, places);
  }
}

void max_pool_backward(const PoolShape& shape, int64_t batch, const float* grad_out,
                       const float* places, bool add, float* grad_in) {
  PoolShape s = shape;
  as_pictures(s, batch);
  if (fits_byte(s)) {
    pool_backward<uint8_t>(s, batch, grad_out, places, add, grad_in);
  } else {
    pool_backward<uint32_t>(s, batch, grad_out, places, add, grad_in);
  }
}

void max_pool_at(const PoolShape& shape, int64_t batch, const float* in, const float* places,
                 bool add, float* out) {
  PoolShape s = shape;
  as_pictures(s, batch);
  if (fits_byte(s)) {
    pool_at<uint8_t>(s, batch, in, places, add, out);
  } else {
    pool_at<uint32_t>(s, batch, in, places, add, out);
  }
}

int64_t max_pool_places(const PoolShape& shape) {
  PoolShape s = shape;
  int64_t pictures = 1;
  as_pictures(s, pictures);
  constexpr int64_t kFloat = sizeof(float);
  return pictures * ((place_bytes(s) + kFloat - 1) / kFloat);
}

}  // namespace cnn

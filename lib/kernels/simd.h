// Short vectors of floats, as wide as the instruction set of the build allows: `WideVector`, and
// `NarrowVector` of half that for few channels (the same where there is nothing narrower).
//
// They are vectors of the compiler's own: + - * ?: work on them, and a * b + c is fused. What needs
// an instruction by name stands here: loads and stores of the first n lanes that touch nothing
// behind them.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#if defined(__AVX512F__) && defined(__AVX512VL__)
#define CNN_LANES 16
#include <immintrin.h>
#elif defined(__AVX2__) && defined(__FMA__)
#define CNN_LANES 8
#include <immintrin.h>
#else
#define CNN_LANES 4
#endif

namespace cnn {

typedef float Vector4 __attribute__((vector_size(16)));
#if CNN_LANES >= 8
typedef float Vector8 __attribute__((vector_size(32)));
#endif

#if CNN_LANES == 16
typedef float Vector16 __attribute__((vector_size(64)));
using WideVector = Vector16;
using NarrowVector = Vector8;
#elif CNN_LANES == 8
using WideVector = Vector8;
using NarrowVector = Vector4;
#else
using WideVector = Vector4;
using NarrowVector = Vector4;
#endif
#if CNN_LANES == 16 || defined(__aarch64__)
inline constexpr int kVectorRegisters = 32;
#else
inline constexpr int kVectorRegisters = 16;
#endif

template <class V>
inline constexpr int kLanes = sizeof(V) / sizeof(float);

template <class V>
inline V load(const float* from) {
  V v;
  std::memcpy(&v, from, sizeof(v));
  return v;
}

template <class V>
inline void store(float* to, V v) {
  std::memcpy(to, &v, sizeof(v));
}

template <class V>
inline V broadcast(float x) {
  return x - V{};  // not V{} + x: that would turn -0 into 0
}

// The same value, held in a register: the compiler would rather load what several products share
// again for each of them.
template <class V>
inline V in_register(V v) {
#if CNN_LANES == 16
  __asm__("" : "+v"(v));
#elif defined(__SSE__)
  __asm__("" : "+x"(v));
#elif defined(__aarch64__)
  __asm__("" : "+w"(v));
#endif
  return v;
}

// The first n lanes, 0 < n <= kLanes; the others are zero.
template <class V>
inline V load_first(const float* from, int64_t n) {
  V v{};
  for (int64_t i = 0; i < n; ++i) v[i] = from[i];
  return v;
}

template <class V>
inline void store_first(float* to, V v, int64_t n) {
  for (int64_t i = 0; i < n; ++i) to[i] = v[i];
}

#if CNN_LANES == 16
template <>
inline Vector16 load_first(const float* from, int64_t n) {
  return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << n) - 1), from);
}
template <>
inline Vector8 load_first(const float* from, int64_t n) {
  return _mm256_maskz_loadu_ps(static_cast<__mmask8>((1u << n) - 1), from);
}
template <>
inline void store_first(float* to, Vector16 v, int64_t n) {
  _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1u << n) - 1), v);
}
template <>
inline void store_first(float* to, Vector8 v, int64_t n) {
  _mm256_mask_storeu_ps(to, static_cast<__mmask8>((1u << n) - 1), v);
}
#elif CNN_LANES == 8
inline __m256i first_lanes(int64_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)),
                            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
template <>
inline Vector8 load_first(const float* from, int64_t n) {
  return _mm256_maskload_ps(from, first_lanes(n));
}
template <>
inline void store_first(float* to, Vector8 v, int64_t n) {
  _mm256_maskstore_ps(to, first_lanes(n), v);
}
#endif

// All lanes, or the first n: `kWhole` says at compile time that n is not needed.
template <class V, bool kWhole>
inline V load_lanes(const float* from, int64_t n) {
  if constexpr (kWhole) {
    return load<V>(from);
  } else {
    return load_first<V>(from, n);
  }
}

template <class V, bool kWhole>
inline void store_lanes(float* to, V v, int64_t n) {
  if constexpr (kWhole) {
    store(to, v);
  } else {
    store_first(to, v, n);
  }
}

// Names a vector type and whether all its lanes are in use.
template <class V, bool kAll>
struct Lanes {
  using Vector = V;
  using Integers __attribute__((vector_size(sizeof(V)))) = int32_t;
  static constexpr bool kWhole = kAll;
};

// Small whole numbers, one a lane, kept as bytes. Loading reads the bytes of a whole vector.
template <class L>
inline typename L::Integers load_bytes(const uint8_t* from) {
  using Integers = typename L::Integers;
  constexpr int kCount = kLanes<typename L::Vector>;
#if CNN_LANES >= 8
  __m128i bytes{};
  std::memcpy(&bytes, from, kCount);
#if CNN_LANES == 16
  if constexpr (kCount == 16) return Integers(_mm512_maskz_cvtepu8_epi32(0xffff, bytes));
#endif
  if constexpr (kCount == 8) return Integers(_mm256_cvtepu8_epi32(bytes));
  if constexpr (kCount == 4) return Integers(_mm_cvtepu8_epi32(bytes));
#else
  Integers v{};
  for (int i = 0; i < kCount; ++i) v[i] = from[i];
  return v;
#endif
}

template <class L>
inline void store_bytes(uint8_t* to, typename L::Integers v, int64_t n) {
#if CNN_LANES == 16
  constexpr int kCount = kLanes<typename L::Vector>;
  __m128i bytes;
  if constexpr (kCount == 16) {
    bytes = _mm512_maskz_cvtepi32_epi8(0xffff, __m512i(v));
  } else {
    bytes = _mm256_maskz_cvtepi32_epi8(0xff, __m256i(v));
  }
  if constexpr (L::kWhole) {
    std::memcpy(to, &bytes, kCount);
    return;
  }
#if defined(__AVX512BW__)
  return _mm_mask_storeu_epi8(to, static_cast<__mmask16>((1u << n) - 1), bytes);
#endif
#endif
  for (int64_t i = 0; i < n; ++i) to[i] = static_cast<uint8_t>(v[i]);
}

// body(0), ..., body(kCount - 1), with numbers that the compiler knows: what they index may stay in
// registers.
template <int kCount, class Body>
inline void unrolled(Body&& body) {
  [&]<int... kIndex>(std::integer_sequence<int, kIndex...>) {
    (body(std::integral_constant<int, kIndex>{}), ...);
  }
  (std::make_integer_sequence<int, kCount>());
}

// body(Lanes<...>, first, count) for blocks that together cover [0, channels).
template <class Body>
inline void over_channels(int64_t channels, Body&& body) {
  constexpr int64_t kWide = kLanes<WideVector>, kNarrow = kLanes<NarrowVector>;
  int64_t c = 0;
  for (; c + kWide <= channels; c += kWide) body(Lanes<WideVector, true>{}, c, kWide);
  const int64_t rest = channels - c;
  if (rest > kNarrow) {
    body(Lanes<WideVector, false>{}, c, rest);
  } else if (rest > 0) {
    body(Lanes<NarrowVector, false>{}, c, rest);
  }
}

// For rows that are often too short for calls of memset and memcpy.
inline void zero_few(float* to, int64_t count) {
  over_channels(count, [=](auto lanes, int64_t i, int64_t n) {
    using L = decltype(lanes);
    store_lanes<typename L::Vector, L::kWhole>(to + i, typename L::Vector{}, n);
  });
}
inline void copy_few(const float* from, int64_t count, float* to) {
  over_channels(count, [=](auto lanes, int64_t i, int64_t n) {
    using L = decltype(lanes);
    using V = typename L::Vector;
    store_lanes<V, L::kWhole>(to + i, load_lanes<V, L::kWhole>(from + i, n), n);
  });
}

}  // namespace cnn

#undef CNN_LANES

// Short vectors of floats, as wide as the instruction set of the build allows: `WideVector`, and
// `NarrowVector` of half that for few channels (the same where there is nothing narrower).
//
// They are vectors of the compiler's own: + - * ?: work on them, and a * b + c is fused. What needs
// an instruction by name stands here: loads and stores of the first n lanes that touch nothing
// behind them.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__AVX512F__) || (defined(__AVX2__) && defined(__FMA__))
#include <immintrin.h>
#endif

namespace cnn {

typedef float Vector4 __attribute__((vector_size(16)));

#if defined(__AVX512F__) && defined(__AVX512VL__)
typedef float Vector8 __attribute__((vector_size(32)));
typedef float Vector16 __attribute__((vector_size(64)));
using WideVector = Vector16;
using NarrowVector = Vector8;
inline constexpr int kVectorRegisters = 32;
#elif defined(__AVX2__) && defined(__FMA__)
typedef float Vector8 __attribute__((vector_size(32)));
using WideVector = Vector8;
using NarrowVector = Vector4;
inline constexpr int kVectorRegisters = 16;
#else
using WideVector = Vector4;
using NarrowVector = Vector4;
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

#if defined(__AVX512F__) && defined(__AVX512VL__)

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

#elif defined(__AVX2__) && defined(__FMA__)

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

// The first n bytes of a short vector of bytes.
template <bool kWhole, class Bytes>
inline void store_first_bytes(uint8_t* to, Bytes bytes, int64_t n) {
  if constexpr (kWhole) {
    std::memcpy(to, &bytes, sizeof(bytes));
  } else {
    for (int64_t i = 0; i < n; ++i) to[i] = bytes[i];
  }
}

// Names a vector type and whether all its lanes are in use.
template <class V, bool kAll>
struct Lanes {
  using Vector = V;
  using Integers __attribute__((vector_size(sizeof(V)))) = int32_t;
  static constexpr bool kWhole = kAll;
};

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

}  // namespace cnn

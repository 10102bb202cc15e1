// exp, expm1, log, tanh, the logistic function and softplus in plain float arithmetic without
// branches or tables, so that the compiler turns loops over them into vector code, which it cannot
// do with <cmath>'s. Errors stay below 3 units in the last place; results below 2^-125 are 0; NaN
// stays NaN.
//
// exp(x) = 2^n exp(r) with n = round(x / ln 2) and |r| <= ln 2 / 2 (Cody & Waite 1980, "Software
// manual for the elementary functions").
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace cnn {
namespace detail {

struct ReducedExponent {
  uint32_t n;        // two's complement
  float exp_less_1;  // exp(r) - 1
};

// |x| < 2^21.
inline ReducedExponent reduce_exponent(float x) {
  constexpr float kLog2E = 1.44269504f;
  constexpr float kShift = 0x1.8p23f;  // adding it rounds to an integer, left in the low bits
  constexpr float kLn2High = 0x1.63p-1f, kLn2Low = -2.12194440e-4f;  // high * n is exact
  const float shifted = x * kLog2E + kShift;
  const float n = shifted - kShift;
  const float r = (x - n * kLn2High) - n * kLn2Low;
  // The series of exp(r) - 1; the first term left out is below 6e-9.
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r * r + r;
  return {std::bit_cast<uint32_t>(shifted) - std::bit_cast<uint32_t>(kShift), p};
}

// 2^n for n in -126 .. 127; 0 for n = -127.
inline float power_of_2(uint32_t n) { return std::bit_cast<float>((n + 127u) << 23); }

// Comparisons with NaN are false, so NaN passes both.
inline float clamped(float x, float low, float high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

}  // namespace detail

inline float fast_exp(float x) {
  const auto [n, p] = detail::reduce_exponent(detail::clamped(x, -87.5f, 89.0f));
  // n may be 128, which no single factor can hold.
  return (p + 1.0f) * detail::power_of_2(n - 1u) * 2.0f;
}

// exp(x) - 1 without cancellation; for x <= 88.
inline float fast_expm1(float x) {
  const auto [n, p] = detail::reduce_exponent(detail::clamped(x, -87.0f, 88.0f));
  const float power = detail::power_of_2(n);
  return power * p + (power - 1.0f);
}

inline float fast_tanh(float x) {
  const float e = fast_expm1(2.0f * detail::clamped(std::fabs(x), 0.0f, 10.0f));
  return std::copysign(e / (e + 2.0f), x);
}

inline float fast_sigmoid(float x) { return 1.0f / (1.0f + fast_exp(-x)); }

// log(x) for normal x > 0, finite: x = 2^n m with m in [1 / sqrt 2, sqrt 2), and log m = 2 atanh(s)
// with s = (m - 1) / (m + 1).
inline float fast_log(float x) {
  constexpr uint32_t kHalfRoot = 0x3f3504f3u;  // the bits of 1 / sqrt 2
  constexpr float kLn2High = 0x1.63p-1f, kLn2Low = -2.12194440e-4f;
  const uint32_t shifted = std::bit_cast<uint32_t>(x) - kHalfRoot;
  const auto n = static_cast<float>(static_cast<int32_t>(shifted) >> 23);
  const float m = std::bit_cast<float>((shifted & 0x007fffffu) + kHalfRoot);
  const float s = (m - 1.0f) / (m + 1.0f), z = s * s;
  float p = 2.0f / 9;
  p = p * z + 2.0f / 7;
  p = p * z + 2.0f / 5;
  p = p * z + 2.0f / 3;
  const float log = n * kLn2High + (n * kLn2Low + (p * z * s + 2.0f * s));
  return x != x ? x : log;  // NaN's bits look like a number
}

// log(1 + u) for 0 <= u <= 1, without cancellation: 2 atanh(u / (2 + u)).
inline float fast_log1p(float u) {
  const float s = u / (2.0f + u), z = s * s;
  float p = 2.0f / 15;
  p = p * z + 2.0f / 13;
  p = p * z + 2.0f / 11;
  p = p * z + 2.0f / 9;
  p = p * z + 2.0f / 7;
  p = p * z + 2.0f / 5;
  p = p * z + 2.0f / 3;
  return p * z * s + 2.0f * s;
}

// log(1 + exp(x)).
inline float fast_softplus(float x) {
  return (x > 0.0f ? x : 0.0f) + fast_log1p(fast_exp(-std::fabs(x)));
}

// Reductions of a row in a fixed order: kLanes running values, folded in halves at the end.
namespace detail {

inline constexpr int64_t kLanes = 16;

template <class Join>
float fold_lanes(const float* lanes, Join join) {
  float eight[8], four[4];
  for (int64_t l = 0; l < 8; ++l) eight[l] = join(lanes[l], lanes[l + 8]);
  for (int64_t l = 0; l < 4; ++l) four[l] = join(eight[l], eight[l + 4]);
  return join(join(four[0], four[2]), join(four[1], four[3]));
}

inline float larger(float a, float b) { return b > a ? b : a; }

}  // namespace detail

inline float row_max(const float* row, int64_t count) {
  using detail::kLanes;
  using detail::larger;
  constexpr int64_t kWide = 4 * kLanes;  // one comparison need not wait for the one before
  float largest = row[0];
  int64_t i = 0;
  if (count >= kLanes) {
    float lanes[kLanes];
    for (int64_t l = 0; l < kLanes; ++l) lanes[l] = row[l];
    i = kLanes;
    if (count >= kWide) {
      float wide[kWide];
      for (int64_t l = 0; l < kWide; ++l) wide[l] = row[l];
      for (i = kWide; i + kWide <= count; i += kWide) {
        for (int64_t l = 0; l < kWide; ++l) wide[l] = larger(wide[l], row[i + l]);
      }
      for (int64_t l = 0; l < kLanes; ++l) {
        lanes[l] = larger(larger(wide[l], wide[l + kLanes]),
                          larger(wide[l + 2 * kLanes], wide[l + 3 * kLanes]));
      }
    }
    for (; i + kLanes <= count; i += kLanes) {
      for (int64_t l = 0; l < kLanes; ++l) lanes[l] = larger(lanes[l], row[i + l]);
    }
    largest = detail::fold_lanes(lanes, larger);
  }
  for (; i < count; ++i) largest = larger(largest, row[i]);
  return largest;
}

// The sum of f(i).
template <class F>
float row_sum(int64_t count, F f) {
  using detail::kLanes;
  float lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int64_t l = 0; l < kLanes; ++l) lanes[l] += f(i + l);
  }
  float sum = 0;
  for (; i < count; ++i) sum += f(i);
  return sum + detail::fold_lanes(lanes, [](float a, float b) { return a + b; });
}

}  // namespace cnn

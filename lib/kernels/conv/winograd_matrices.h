// The matrices of winograd_transforms.h in one dimension, as sums of even and odd parts: apply()
// multiplies a vector of kIn numbers to kOut numbers. Of the pixels that a square reads, the next
// one to the right reads kOverlap columns again; the others are fetched ahead (kIn: there is no
// next one).
#pragma once

namespace cnn::winograd {

inline constexpr float kHalfRoot = 0.70710678118654752440f;  // sqrt(1/2)
inline constexpr float kRoot = 1.41421356237309504880f;      // sqrt(2)

// B^T for side 6, whatever the number of taps.
struct Input6 {
  static constexpr int kIn = 6, kOut = 6, kOverlap = 2;
  template <class V>
  static void apply(const V (&x)[kIn], V (&t)[kOut]) {
    const V even1 = x[4] - 2.0f * x[2], odd1 = x[3] - 2.0f * x[1];
    const V even2 = x[4] - 0.5f * x[2], odd2 = x[3] - 0.5f * x[1];
    t[0] = x[0] + (x[4] - 2.5f * x[2]);
    t[1] = even1 + kHalfRoot * odd1;
    t[2] = even1 - kHalfRoot * odd1;
    t[3] = even2 + kRoot * odd2;
    t[4] = even2 - kRoot * odd2;
    t[5] = x[1] + (x[5] - 2.5f * x[3]);
  }
};

// A^T, A, G and G^T of F(4, 3).
struct Output4 {
  static constexpr int kIn = 6, kOut = 4;
  template <class V>
  static void apply(const V (&m)[kIn], V (&y)[kOut]) {
    const V sum1 = m[1] + m[2], difference1 = kHalfRoot * (m[1] - m[2]);
    const V sum2 = m[3] + m[4], difference2 = kRoot * (m[3] - m[4]);
    y[0] = m[0] + sum1 + sum2;
    y[1] = difference1 + difference2;
    y[2] = 0.5f * sum1 + 2.0f * sum2;
    y[3] = 0.5f * difference1 + (2.0f * difference2 + m[5]);
  }
};

struct OutputAdjoint4 {
  static constexpr int kIn = 4, kOut = 6, kOverlap = 0;
  template <class V>
  static void apply(const V (&y)[kIn], V (&t)[kOut]) {
    const V even1 = y[0] + 0.5f * y[2], odd1 = y[1] + 0.5f * y[3];
    const V even2 = y[0] + 2.0f * y[2], odd2 = y[1] + 2.0f * y[3];
    t[0] = y[0];
    t[1] = even1 + kHalfRoot * odd1;
    t[2] = even1 - kHalfRoot * odd1;
    t[3] = even2 + kRoot * odd2;
    t[4] = even2 - kRoot * odd2;
    t[5] = y[3];
  }
};

// Values of the weights' polynomial at two pairs of points: u[1..4] from its even and odd parts.
template <class V>
void at_points(V even1, V odd1, V even2, V odd2, V* u) {
  u[1] = even1 + odd1;
  u[2] = even1 - odd1;
  u[3] = even2 + odd2;
  u[4] = even2 - odd2;
}

// The adjoint for side 6: what the even and the odd coefficients have of u[1..4].
template <class V>
struct PointSums {
  explicit PointSums(const V* u)
      : even1((-2.0f / 3) * (u[1] + u[2])),
        odd1((-2.0f / 3 * kHalfRoot) * (u[1] - u[2])),
        even2((1.0f / 6) * (u[3] + u[4])),
        odd2((1.0f / 6 * kRoot) * (u[3] - u[4])) {}
  V even1, odd1, even2, odd2;
};

struct Weights3 {
  static constexpr int kIn = 3, kOut = 6, kOverlap = kIn;
  template <class V>
  static void apply(const V (&w)[kIn], V (&u)[kOut]) {
    const V even1 = (-2.0f / 3) * (w[0] + 0.5f * w[2]), odd1 = (-2.0f / 3 * kHalfRoot) * w[1];
    const V even2 = (1.0f / 6) * (w[0] + 2.0f * w[2]), odd2 = (1.0f / 6 * kRoot) * w[1];
    u[0] = w[0];
    at_points(even1, odd1, even2, odd2, u);
    u[5] = w[2];
  }
};

struct WeightsAdjoint3 {
  static constexpr int kIn = 6, kOut = 3;
  template <class V>
  static void apply(const V (&u)[kIn], V (&w)[kOut]) {
    const PointSums<V> s(u);
    w[0] = u[0] + s.even1 + s.even2;
    w[1] = s.odd1 + s.odd2;
    w[2] = 0.5f * s.even1 + (2.0f * s.even2 + u[5]);
  }
};

// The same of F(3, 4).
struct Output3 {
  static constexpr int kIn = 6, kOut = 3;
  template <class V>
  static void apply(const V (&m)[kIn], V (&y)[kOut]) {
    const V sum1 = m[1] + m[2], sum2 = m[3] + m[4];
    y[0] = m[0] + sum1 + sum2;
    y[1] = kHalfRoot * (m[1] - m[2]) + kRoot * (m[3] - m[4]);
    y[2] = 0.5f * sum1 + (2.0f * sum2 + m[5]);
  }
};

struct OutputAdjoint3 {
  static constexpr int kIn = 3, kOut = 6, kOverlap = 0;
  template <class V>
  static void apply(const V (&y)[kIn], V (&t)[kOut]) {
    const V even1 = y[0] + 0.5f * y[2], even2 = y[0] + 2.0f * y[2];
    t[0] = y[0];
    t[1] = even1 + kHalfRoot * y[1];
    t[2] = even1 - kHalfRoot * y[1];
    t[3] = even2 + kRoot * y[1];
    t[4] = even2 - kRoot * y[1];
    t[5] = y[2];
  }
};

struct Weights4 {
  static constexpr int kIn = 4, kOut = 6, kOverlap = kIn;
  template <class V>
  static void apply(const V (&w)[kIn], V (&u)[kOut]) {
    const V even1 = (-2.0f / 3) * (w[0] + 0.5f * w[2]);
    const V odd1 = (-2.0f / 3 * kHalfRoot) * (w[1] + 0.5f * w[3]);
    const V even2 = (1.0f / 6) * (w[0] + 2.0f * w[2]);
    const V odd2 = (1.0f / 6 * kRoot) * (w[1] + 2.0f * w[3]);
    u[0] = w[0];
    at_points(even1, odd1, even2, odd2, u);
    u[5] = w[3];
  }
};

struct WeightsAdjoint4 {
  static constexpr int kIn = 6, kOut = 4;
  template <class V>
  static void apply(const V (&u)[kIn], V (&w)[kOut]) {
    const PointSums<V> s(u);
    w[0] = u[0] + s.even1 + s.even2;
    w[1] = s.odd1 + s.odd2;
    w[2] = 0.5f * s.even1 + 2.0f * s.even2;
    w[3] = 0.5f * s.odd1 + (2.0f * s.odd2 + u[5]);
  }
};

// The same of F(2, 5).
struct Output2of5 {
  static constexpr int kIn = 6, kOut = 2;
  template <class V>
  static void apply(const V (&m)[kIn], V (&y)[kOut]) {
    y[0] = m[0] + (m[1] + m[2]) + (m[3] + m[4]);
    y[1] = kHalfRoot * (m[1] - m[2]) + (kRoot * (m[3] - m[4]) + m[5]);
  }
};

struct OutputAdjoint2of5 {
  static constexpr int kIn = 2, kOut = 6, kOverlap = 0;
  template <class V>
  static void apply(const V (&y)[kIn], V (&t)[kOut]) {
    t[0] = y[0];
    t[1] = y[0] + kHalfRoot * y[1];
    t[2] = y[0] - kHalfRoot * y[1];
    t[3] = y[0] + kRoot * y[1];
    t[4] = y[0] - kRoot * y[1];
    t[5] = y[1];
  }
};

struct Weights5 {
  static constexpr int kIn = 5, kOut = 6, kOverlap = kIn;
  template <class V>
  static void apply(const V (&w)[kIn], V (&u)[kOut]) {
    const V even1 = (-2.0f / 3) * (w[0] + 0.5f * (w[2] + 0.5f * w[4]));
    const V odd1 = (-2.0f / 3 * kHalfRoot) * (w[1] + 0.5f * w[3]);
    const V even2 = (1.0f / 6) * (w[0] + 2.0f * (w[2] + 2.0f * w[4]));
    const V odd2 = (1.0f / 6 * kRoot) * (w[1] + 2.0f * w[3]);
    u[0] = w[0];
    at_points(even1, odd1, even2, odd2, u);
    u[5] = w[4];
  }
};

struct WeightsAdjoint5 {
  static constexpr int kIn = 6, kOut = 5;
  template <class V>
  static void apply(const V (&u)[kIn], V (&w)[kOut]) {
    const PointSums<V> s(u);
    w[0] = u[0] + s.even1 + s.even2;
    w[1] = s.odd1 + s.odd2;
    w[2] = 0.5f * s.even1 + 2.0f * s.even2;
    w[3] = 0.5f * s.odd1 + 2.0f * s.odd2;
    w[4] = 0.25f * s.even1 + (4.0f * s.even2 + u[5]);
  }
};

// F(2, 3).
struct Input4 {
  static constexpr int kIn = 4, kOut = 4, kOverlap = 2;
  template <class V>
  static void apply(const V (&x)[kIn], V (&t)[kOut]) {
    t[0] = x[0] - x[2];
    t[1] = x[2] + x[1];
    t[2] = x[2] - x[1];
    t[3] = x[3] - x[1];
  }
};

struct Output2 {
  static constexpr int kIn = 4, kOut = 2;
  template <class V>
  static void apply(const V (&m)[kIn], V (&y)[kOut]) {
    y[0] = m[0] + (m[1] + m[2]);
    y[1] = (m[1] - m[2]) + m[3];
  }
};

struct OutputAdjoint2 {
  static constexpr int kIn = 2, kOut = 4, kOverlap = 0;
  template <class V>
  static void apply(const V (&y)[kIn], V (&t)[kOut]) {
    t[0] = y[0];
    t[1] = y[0] + y[1];
    t[2] = y[0] - y[1];
    t[3] = y[1];
  }
};

struct Weights3of2 {
  static constexpr int kIn = 3, kOut = 4, kOverlap = kIn;
  template <class V>
  static void apply(const V (&w)[kIn], V (&u)[kOut]) {
    const V even = 0.5f * (w[0] + w[2]), odd = 0.5f * w[1];
    u[0] = w[0];
    u[1] = even + odd;
    u[2] = even - odd;
    u[3] = w[2];
  }
};

struct WeightsAdjoint3of2 {
  static constexpr int kIn = 4, kOut = 3;
  template <class V>
  static void apply(const V (&u)[kIn], V (&w)[kOut]) {
    const V sum = 0.5f * (u[1] + u[2]);
    w[0] = u[0] + sum;
    w[1] = 0.5f * (u[1] - u[2]);
    w[2] = sum + u[3];
  }
};

// The same of F(4, 5).
struct Input8 {
  static constexpr int kIn = 8, kOut = 8, kOverlap = 4;
  template <class V>
  static void apply(const V (&x)[kIn], V (&t)[kOut]) {
    const V even1 = x[2] + (x[6] - 4.25f * x[4]), odd1 = x[1] + (x[5] - 4.25f * x[3]);
    const V even2 = 0.25f * x[2] + (x[6] - 1.25f * x[4]);
    const V odd2 = 0.5f * x[1] + (2.0f * x[5] - 2.5f * x[3]);
    const V even3 = 4.0f * x[2] + (x[6] - 5.0f * x[4]);
    const V odd3 = 2.0f * x[1] + (0.5f * x[5] - 2.5f * x[3]);
    t[0] = (x[0] - x[6]) + 5.25f * (x[4] - x[2]);
    t[1] = even1 + odd1;
    t[2] = even1 - odd1;
    t[3] = even2 + odd2;
    t[4] = even2 - odd2;
    t[5] = even3 + odd3;
    t[6] = even3 - odd3;
    t[7] = (x[7] - x[1]) + 5.25f * (x[3] - x[5]);
  }
};

struct Output4of5 {
  static constexpr int kIn = 8, kOut = 4;
  template <class V>
  static void apply(const V (&m)[kIn], V (&y)[kOut]) {
    const V sum1 = m[1] + m[2], difference1 = m[1] - m[2];
    const V sum2 = m[3] + m[4], difference2 = m[3] - m[4];
    const V sum3 = m[5] + m[6], difference3 = m[5] - m[6];
    y[0] = (m[0] + sum1) + (sum2 + sum3);
    y[1] = difference1 + (2.0f * difference2 + 0.5f * difference3);
    y[2] = sum1 + (4.0f * sum2 + 0.25f * sum3);
    y[3] = (difference1 + m[7]) + (8.0f * difference2 + 0.125f * difference3);
  }
};

struct OutputAdjoint4of5 {
  static constexpr int kIn = 4, kOut = 8, kOverlap = 0;
  template <class V>
  static void apply(const V (&y)[kIn], V (&t)[kOut]) {
    const V even1 = y[0] + y[2], odd1 = y[1] + y[3];
    const V even2 = y[0] + 4.0f * y[2], odd2 = 2.0f * y[1] + 8.0f * y[3];
    const V even3 = y[0] + 0.25f * y[2], odd3 = 0.5f * y[1] + 0.125f * y[3];
    t[0] = y[0];
    t[1] = even1 + odd1;
    t[2] = even1 - odd1;
    t[3] = even2 + odd2;
    t[4] = even2 - odd2;
    t[5] = even3 + odd3;
    t[6] = even3 - odd3;
    t[7] = y[3];
  }
};

struct Weights5of8 {
  static constexpr int kIn = 5, kOut = 8, kOverlap = kIn;
  template <class V>
  static void apply(const V (&w)[kIn], V (&u)[kOut]) {
    const V even1 = (-2.0f / 9) * (w[0] + w[2] + w[4]), odd1 = (-2.0f / 9) * (w[1] + w[3]);
    const V even2 = (1.0f / 90) * (w[0] + 4.0f * (w[2] + 4.0f * w[4]));
    const V odd2 = (1.0f / 45) * (w[1] + 4.0f * w[3]);
    const V even3 = (32.0f / 45) * (w[0] + 0.25f * (w[2] + 0.25f * w[4]));
    const V odd3 = (16.0f / 45) * (w[1] + 0.25f * w[3]);
    u[0] = w[0];
    at_points(even1, odd1, even2, odd2, u);
    u[5] = even3 + odd3;
    u[6] = even3 - odd3;
    u[7] = w[4];
  }
};

struct WeightsAdjoint5of8 {
  static constexpr int kIn = 8, kOut = 5;
  template <class V>
  static void apply(const V (&u)[kIn], V (&w)[kOut]) {
    const V even1 = (-2.0f / 9) * (u[1] + u[2]), odd1 = (-2.0f / 9) * (u[1] - u[2]);
    const V even2 = (1.0f / 90) * (u[3] + u[4]), odd2 = (1.0f / 45) * (u[3] - u[4]);
    const V even3 = (32.0f / 45) * (u[5] + u[6]), odd3 = (16.0f / 45) * (u[5] - u[6]);
    w[0] = (u[0] + even1) + (even2 + even3);
    w[1] = odd1 + (odd2 + odd3);
    w[2] = even1 + (4.0f * even2 + 0.25f * even3);
    w[3] = odd1 + (4.0f * odd2 + 0.25f * odd3);
    w[4] = (even1 + u[7]) + (16.0f * even2 + 0.0625f * even3);
  }
};

}  // namespace cnn::winograd

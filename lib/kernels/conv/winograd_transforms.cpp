#include "kernels/conv/winograd_transforms.h"

#include "kernels/conv/winograd_product.h"
#include "kernels/simd.h"

namespace cnn {
namespace {

constexpr float kHalfRoot = 0.70710678118654752440f;  // sqrt(1/2)
constexpr float kRoot = 1.41421356237309504880f;      // sqrt(2)

// The matrices in one dimension, as sums of even and odd parts: apply() multiplies a vector of
// kIn numbers to kOut numbers. Of the pixels that a square reads, the next one to the right reads
// kOverlap columns again; the others are fetched ahead (kIn: there is no next one).

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

// Values of the weights' polynomial at +-1/sqrt 2 and +-sqrt 2: u[1..4] from its even and odd
// parts.
template <class V>
void at_points(V even1, V odd1, V even2, V odd2, V* u) {
  u[1] = even1 + odd1;
  u[2] = even1 - odd1;
  u[3] = even2 + odd2;
  u[4] = even2 - odd2;
}

// The adjoint of that: what the even and the odd coefficients have of u[1..4].
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

// What stands where a square hangs over the image.
alignas(64) constexpr float kZeros[kPanel] = {};

// The matrix on both sides for one panel of channels: n of them are in use.
template <class T, bool kWhole, bool kInside>
void gather_panel(const Square<const float>& from, int64_t channel, int64_t n, int64_t position,
                  float* to) {
  using V = WideVector;
  V half[T::kOut][T::kIn];
  // Rows outside the image are a single vector of zeros.
  const float* row[T::kIn];
  int64_t step[T::kIn];
#pragma GCC unroll 8
  for (int i = 0; i < T::kIn; ++i) {
    const bool inside = kInside || (i >= from.row_begin && i < from.row_end);
    row[i] = inside ? from.base + (from.first + i * from.row + channel) : kZeros;
    step[i] = inside ? from.column : 0;
  }
#pragma GCC unroll 8
  for (int j = 0; j < T::kIn; ++j) {
    if (!kInside && (j < from.column_begin || j >= from.column_end)) {
#pragma GCC unroll 8
      for (int i = 0; i < T::kOut; ++i) half[i][j] = V{};
      continue;
    }
    V x[T::kIn];
#pragma GCC unroll 8
    for (int i = 0; i < T::kIn; ++i) {
      x[i] = load_lanes<V, kWhole>(row[i] + j * step[i], n);
      if (kInside && j >= T::kOverlap) {
        __builtin_prefetch(row[i] + (j + T::kIn - T::kOverlap) * step[i]);
      }
    }
    V t[T::kOut];
    T::apply(x, t);
#pragma GCC unroll 8
    for (int i = 0; i < T::kOut; ++i) half[i][j] = t[i];
  }
#pragma GCC unroll 8
  for (int i = 0; i < T::kOut; ++i) {
    V t[T::kOut];
    T::apply(half[i], t);
#pragma GCC unroll 8
    for (int j = 0; j < T::kOut; ++j) store(to + (i * T::kOut + j) * position, t[j]);
  }
}

template <class T>
void gather(const Square<const float>& from, int64_t channels, TransformedSquare<float> to) {
  const bool inside = from.covers(T::kIn);
  int64_t c = 0;
  for (; c + kPanel <= channels; c += kPanel, to.data += to.panel) {
    if (inside) {
      gather_panel<T, true, true>(from, c, kPanel, to.position, to.data);
    } else {
      gather_panel<T, true, false>(from, c, kPanel, to.position, to.data);
    }
  }
  if (c < channels) {
    gather_panel<T, false, false>(from, c, channels - c, to.position, to.data);
  }
}

// kPlain: nothing of `finish` is wanted.
template <class T, bool kWhole, bool kInside, bool kPlain>
void scatter_panel(const float* from, int64_t position, int64_t channel, int64_t n,
                   const Square<float>& to, const Finish<WideVector>& finish) {
  using V = WideVector;
  V half[T::kOut][T::kIn];
#pragma GCC unroll 8
  for (int j = 0; j < T::kIn; ++j) {
    V m[T::kIn];
#pragma GCC unroll 8
    for (int i = 0; i < T::kIn; ++i) m[i] = load<V>(from + (i * T::kIn + j) * position);
    V y[T::kOut];
    T::apply(m, y);
#pragma GCC unroll 8
    for (int i = 0; i < T::kOut; ++i) half[i][j] = y[i];
  }
  const V start = kPlain ? V{} : finish.template start<kWhole>(channel, n);
#pragma GCC unroll 8
  for (int i = 0; i < T::kOut; ++i) {
    if (!kInside && (i < to.row_begin || i >= to.row_end)) continue;
    V y[T::kOut];
    T::apply(half[i], y);
#pragma GCC unroll 8
    for (int j = 0; j < T::kOut; ++j) {
      if (!kInside && (j < to.column_begin || j >= to.column_end)) continue;
      const int64_t offset = to.first + i * to.row + j * to.column + channel;
      if constexpr (kPlain) {
        store_lanes<V, kWhole>(to.base + offset, y[j], n);
      } else {
        store_lanes<V, kWhole>(to.base + offset,
                               finish.template finish<kWhole>(y[j] + start, offset, n), n);
      }
    }
  }
}

template <class T, bool kInside>
void scatter_panels(TransformedSquare<const float> from, int64_t channels, const Square<float>& to,
                    const Epilogue& epilogue) {
  const bool plain = !epilogue.bias && !epilogue.residual && epilogue.rectifier.is_identity();
  const Finish<WideVector> finish(epilogue);
  int64_t c = 0;
  for (; c + kPanel <= channels; c += kPanel, from.data += from.panel) {
    if (plain) {
      scatter_panel<T, true, kInside, true>(from.data, from.position, c, kPanel, to, finish);
    } else {
      scatter_panel<T, true, kInside, false>(from.data, from.position, c, kPanel, to, finish);
    }
  }
  if (c < channels) {
    scatter_panel<T, false, false, false>(from.data, from.position, c, channels - c, to, finish);
  }
}

template <class T>
void scatter(TransformedSquare<const float> from, int64_t channels, const Square<float>& to,
             const Epilogue& epilogue) {
  if (to.covers(T::kOut)) {
    scatter_panels<T, true>(from, channels, to, epilogue);
  } else {
    scatter_panels<T, false>(from, channels, to, epilogue);
  }
}

template <class Input, class Weights, class OutputAdjoint, class Output, class WeightsAdjoint>
constexpr WinogradTransform transform(const char* name) {
  static_assert(Input::kIn == Weights::kOut && Output::kOut == OutputAdjoint::kIn);
  return {name,
          Output::kOut,
          Weights::kIn,
          gather<Input>,
          gather<Weights>,
          gather<OutputAdjoint>,
          scatter<Output>,
          scatter<WeightsAdjoint>};
}

}  // namespace

constinit const WinogradTransform kWinograd2x2 =
    transform<Input4, Weights3of2, OutputAdjoint2, Output2, WeightsAdjoint3of2>("winograd 2x2");
constinit const WinogradTransform kWinograd4x4 =
    transform<Input6, Weights3, OutputAdjoint4, Output4, WeightsAdjoint3>("winograd 4x4");
constinit const WinogradTransform kWinograd2x2of5 =
    transform<Input6, Weights5, OutputAdjoint2of5, Output2of5, WeightsAdjoint5>("winograd 2x2");

}  // namespace cnn

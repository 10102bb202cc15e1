#include "kernels/conv/winograd_transforms.h"

#include "kernels/conv/winograd_matrices.h"
#include "kernels/conv/winograd_product.h"
#include "kernels/finish.h"
#include "kernels/simd.h"

namespace cnn {
namespace {

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
    transform<winograd::Input4, winograd::Weights3of2, winograd::OutputAdjoint2, winograd::Output2,
              winograd::WeightsAdjoint3of2>("winograd 2x2");
constinit const WinogradTransform kWinograd4x4 =
    transform<winograd::Input6, winograd::Weights3, winograd::OutputAdjoint4, winograd::Output4,
              winograd::WeightsAdjoint3>("winograd 4x4");
constinit const WinogradTransform kWinograd3x3of4 =
    transform<winograd::Input6, winograd::Weights4, winograd::OutputAdjoint3, winograd::Output3,
              winograd::WeightsAdjoint4>("winograd 3x3");
constinit const WinogradTransform kWinograd2x2of5 =
    transform<winograd::Input6, winograd::Weights5, winograd::OutputAdjoint2of5,
              winograd::Output2of5, winograd::WeightsAdjoint5>("winograd 2x2");
constinit const WinogradTransform kWinograd4x4of5 =
    transform<winograd::Input8, winograd::Weights5of8, winograd::OutputAdjoint4of5,
              winograd::Output4of5, winograd::WeightsAdjoint5of8>("winograd 4x4");

}  // namespace cnn

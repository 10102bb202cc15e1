#include "kernels/turn.h"

#include <algorithm>

#include "kernels/simd.h"

namespace cnn {
namespace {

using V = WideVector;
constexpr int kSide = kLanes<V>;
using Indices = Lanes<V, true>::Integers;

// Lanes whose number has bit kStep are exchanged between two rows that are kStep apart.
template <int kStep>
constexpr Indices lower() {
  Indices mask{};
  for (int l = 0; l < kSide; ++l) mask[l] = (l & kStep) == 0 ? l : kSide + l - kStep;
  return mask;
}
template <int kStep>
constexpr Indices upper() {
  Indices mask{};
  for (int l = 0; l < kSide; ++l) mask[l] = (l & kStep) == 0 ? l + kStep : kSide + l;
  return mask;
}

template <int kStep>
void exchange(V* rows) {
  if constexpr (kStep < kSide) {
    unrolled<kSide>([&](auto i) {
      if constexpr ((i & kStep) == 0) {
        const V a = rows[i], b = rows[i + kStep];
        rows[i] = __builtin_shuffle(a, b, lower<kStep>());
        rows[i + kStep] = __builtin_shuffle(a, b, upper<kStep>());
      }
    });
    exchange<2 * kStep>(rows);
  }
}

void turn_square(const float* from, int64_t from_stride, float* to, int64_t to_stride) {
  V rows[kSide];
  unrolled<kSide>([&](auto i) { rows[i] = load<V>(from + i * from_stride); });
  exchange<1>(rows);
  unrolled<kSide>([&](auto i) { store(to + i * to_stride, rows[i]); });
}

}  // namespace

void turn(const float* from, int64_t from_stride, int64_t rows, int64_t columns, float* to,
          int64_t to_stride) {
  for (int64_t i0 = 0; i0 < rows; i0 += kSide) {
    const int64_t count = std::min<int64_t>(kSide, rows - i0);
    int64_t j = 0;
    for (; count == kSide && j + kSide <= columns; j += kSide) {
      turn_square(from + i0 * from_stride + j, from_stride, to + j * to_stride + i0, to_stride);
    }
    for (; j < columns; ++j) {
      for (int64_t i = i0; i < i0 + count; ++i) to[j * to_stride + i] = from[i * from_stride + j];
    }
  }
}

}  // namespace cnn

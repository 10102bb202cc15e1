// Sweeps over a matrix [rows, channels] in whole vectors, whatever the number of channels is.
//
// Few channels: so many rows are taken together as one wide row that it is made of whole vectors
// (3 channels: 64 rows, 12 vectors); parameters of channels are repeated likewise (`RepeatedRow`).
// Rows that are left over are one shorter row at the end. Too many odd channels for that, or enough
// channels: every row for itself, its last vector in part.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <type_traits>

#include "kernels/simd.h"

namespace cnn {

struct ChannelRows {
  static constexpr int64_t kMaxRepeated = 1024;         // floats of a wide row of several rows
  static constexpr int64_t kCached = int64_t{4} << 20;  // floats that may be in the last cache

  // `matrices` of that size are swept together.
  ChannelRows(int64_t all_rows, int64_t all_channels, int64_t matrices)
      : rows(all_rows), channels(all_channels) {
    constexpr int64_t kVector = kLanes<WideVector>, kEnough = 4 * kVector;
    const int64_t whole = kVector / std::gcd(channels, kVector);
    const int64_t enough = (kEnough + whole * channels - 1) / (whole * channels) * whole;
    together = channels < kEnough || whole > 1 ? enough : 1;
    if (together * channels > kMaxRepeated) together = 1;
    width = together * channels;
    whole_rows = rows / together;
    rest = (rows - whole_rows * together) * channels;
    count = whole_rows + (rest > 0);
    in_order = matrices * rows * channels > kCached;
  }

  // Rows of the matrix in the wide rows [first, last).
  int64_t rows_in(int64_t first, int64_t last) const {
    return std::min(last * together, rows) - first * together;
  }

  int64_t rows, channels;
  int64_t together;    // rows in a wide row: a power of 2
  int64_t width;       // floats in a wide row
  int64_t whole_rows;  // wide rows
  int64_t rest;        // floats of the shorter row behind them
  int64_t count;       // wide rows, the shorter one included
  bool in_order;       // large matrices are read from end to end, as memory likes it
};

template <int kRows>
using RowCount = std::integral_constant<int, kRows>;

// body(Lanes<...>, RowCount<...>, at, column, lanes) over the columns [begin, end) of the wide rows
// [first, last), for RowCount rows at a time (kRows, or 1): the matrix's elements at + i * width.
template <int kRows, class Body>
inline void sweep(const ChannelRows& m, int64_t first, int64_t last, int64_t begin, int64_t end,
                  Body&& body) {
  const auto over_columns = [&](auto rows, int64_t row, int64_t count) {
    over_channels(count, [&](auto lanes, int64_t c, int64_t n) {
      body(lanes, rows, row * m.width + begin + c, begin + c, n);
    });
  };
  const int64_t whole = std::min(last, m.whole_rows);
  int64_t row = first;
  if (!m.in_order) {
    for (; row + kRows <= whole; row += kRows) over_columns(RowCount<kRows>{}, row, end - begin);
  }
  for (; row < whole; ++row) over_columns(RowCount<1>{}, row, end - begin);
  if (row < last) over_columns(RowCount<1>{}, row, m.rest);
}

// One number for every channel, repeated to the length of a wide row.
class RepeatedRow {
 public:
  RepeatedRow(const ChannelRows& m, const float* values) {
    if (m.together == 1 || values == nullptr) {
      data_ = values;
      return;
    }
    for (int64_t i = 0; i < m.width; i += m.channels) {
      std::copy_n(values, m.channels, repeated_ + i);
    }
    data_ = repeated_;
  }
  RepeatedRow(const RepeatedRow&) = delete;
  RepeatedRow& operator=(const RepeatedRow&) = delete;
  operator const float*() const { return data_; }

 private:
  const float* data_;
  alignas(64) float repeated_[ChannelRows::kMaxRepeated];
};

// Adds up the rows that a wide row of sums holds, in pairs, into the first.
inline void fold_rows(float* sums, int64_t width, int64_t channels) {
  for (int64_t half = width / 2; half >= channels; half /= 2) {
    for (int64_t i = 0; i < half; ++i) sums[i] += sums[half + i];
  }
}

// The sum of kCount vectors, in pairs: short chains and small rounding errors.
template <int kCount, class V>
inline V pairwise_sum(const V* v) {
  if constexpr (kCount == 1) {
    return v[0];
  } else {
    return pairwise_sum<kCount / 2>(v) + pairwise_sum<kCount - kCount / 2>(v + kCount / 2);
  }
}

}  // namespace cnn

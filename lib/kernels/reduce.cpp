#include "kernels/reduce.h"

#include <algorithm>

#include "base/parallel.h"
#include "kernels/channel_rows.h"

namespace cnn {
namespace {

constexpr int64_t kMaxChunks = 16;
constexpr int64_t kColumns = 512;  // summed at a time, on the stack
constexpr int64_t kFewestFloats = 16384;

// sums[0, columns) = the sums of the columns from `begin` on, over the wide rows [first, last).
void sum_columns(const ChannelRows& m, const float* values, int64_t first, int64_t last,
                 int64_t begin, int64_t columns, float* sums) {
  std::fill_n(sums, columns, 0.0f);
  sweep<8>(m, first, last, begin, begin + columns,
           [&](auto lanes, auto rows, int64_t at, int64_t column, int64_t n) {
             using L = decltype(lanes);
             using V = typename L::Vector;
             constexpr int kRows = decltype(rows)::value;
             V v[kRows];
             for (int r = 0; r < kRows; ++r) {
               v[r] = load_lanes<V, L::kWhole>(values + at + r * m.width, n);
             }
             float* sum = sums + column - begin;
             const V all = load_lanes<V, L::kWhole>(sum, n) + pairwise_sum<kRows>(v);
             store_lanes<V, L::kWhole>(sum, all, n);
           });
}

// The same for the channels of a chunk.
void sum_chunk(const ChannelRows& m, const float* values, int64_t first, int64_t last,
               float* sums) {
  if (m.together == 1) {
    for (int64_t c = 0; c < m.width; c += kColumns) {
      sum_columns(m, values, first, last, c, std::min(kColumns, m.width - c), sums + c);
    }
    return;
  }
  alignas(64) float wide[ChannelRows::kMaxRepeated];
  sum_columns(m, values, first, last, 0, m.width, wide);
  fold_rows(wide, m.width, m.channels);
  std::copy_n(wide, m.channels, sums);
}

}  // namespace

void fill_rows(float* out, int64_t rows, int64_t columns, int64_t stride, const float* row) {
  for (int64_t i = 0; i < rows; ++i) {
    if (row) {
      std::copy_n(row, columns, out + i * stride);
    } else {
      std::fill_n(out + i * stride, columns, 0.0f);
    }
  }
}

void fill_rows_parallel(float* out, int64_t rows, int64_t columns, const float* row) {
  parallel_for(rows, grain_for(rows, columns), [&](int64_t begin, int64_t end) {
    fill_rows(out + begin * columns, end - begin, columns, columns, row);
  });
}

void column_sums(const float* values, int64_t rows, int64_t columns, bool add, float* sums,
                 float* partials) {
  const ChannelRows m(rows, columns, 1);
  const int64_t grain =
      std::max((m.count + kMaxChunks - 1) / kMaxChunks, (kFewestFloats + m.width - 1) / m.width);
  parallel_for(m.count, grain, [&](int64_t first, int64_t last) {
    sum_chunk(m, values, first, last, partials + first / grain * columns);
  });
  add_partials(partials, chunk_count(m.count, grain), columns, add, sums);
}

void add_partials(const float* partials, int64_t rows, int64_t columns, bool add, float* sums) {
  parallel_for(columns, grain_for(columns, rows), [&](int64_t begin, int64_t end) {
    if (!add) std::fill(sums + begin, sums + end, 0.0f);
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = begin; j < end; ++j) sums[j] += partials[i * columns + j];
    }
  });
}

int64_t column_sum_partials(int64_t columns) { return kMaxChunks * columns; }

}  // namespace cnn

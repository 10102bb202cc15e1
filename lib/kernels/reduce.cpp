#include "kernels/reduce.h"

#include <algorithm>

#include "base/parallel.h"

namespace cnn {
namespace {

constexpr int64_t kMaxChunks = 16;
constexpr int64_t kWide = 128;  // floats of a row on the stack

// sums = the sum of `rows` contiguous rows. Narrow rows are summed several at a time as one wide
// row, which is then folded: the inner loops stay long enough for vectors.
void sum_chunk(const float* values, int64_t rows, int64_t columns, float* sums) {
  std::fill_n(sums, columns, 0.0f);
  int64_t done = 0;
  if (columns <= kWide / 2) {
    float wide[kWide] = {};
    const int64_t together = kWide / columns, width = together * columns;
    for (; done + together <= rows; done += together) {
      const float* from = values + done * columns;
      for (int64_t j = 0; j < width; ++j) wide[j] += from[j];
    }
    for (int64_t i = 0; i < together; ++i) {
      for (int64_t j = 0; j < columns; ++j) sums[j] += wide[i * columns + j];
    }
  }
  for (; done < rows; ++done) {
    const float* from = values + done * columns;
    for (int64_t j = 0; j < columns; ++j) sums[j] += from[j];
  }
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
  const int64_t grain = grain_for(rows, columns, kMaxChunks);
  parallel_for(rows, grain, [&](int64_t begin, int64_t end) {
    sum_chunk(values + begin * columns, end - begin, columns, partials + begin / grain * columns);
  });
  add_partials(partials, chunk_count(rows, grain), columns, add, sums);
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

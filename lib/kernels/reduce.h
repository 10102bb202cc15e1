// Sums over the rows of a matrix, and rows added to it: biases and their gradients.
#pragma once

#include <cstdint>

namespace cnn {

// Every row of out[rows, columns] becomes `row` (zeros if null).
void fill_rows(float* out, int64_t rows, int64_t columns, int64_t stride, const float* row);

// The same on all threads, for contiguous rows.
void fill_rows_parallel(float* out, int64_t rows, int64_t columns, const float* row);

// sums[j] (+)= sum over i of values[i, j]. Chunks of rows, cut by shape alone, are summed each into
// its own row of `partials` (column_sum_partials(columns) floats), then added in order.
void column_sums(const float* values, int64_t rows, int64_t columns, bool add, float* sums,
                 float* partials);
int64_t column_sum_partials(int64_t columns);

// sums[j] (+)= sum over i of partials[i, j], i in order; columns on all threads.
void add_partials(const float* partials, int64_t rows, int64_t columns, bool add, float* sums);

}  // namespace cnn

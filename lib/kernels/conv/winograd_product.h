// The matrix products of Winograd convolution, on the calling thread alone.
//
// All matrices are kept in panels as wide as a vector: element (i, j) of a matrix stands at
// panel(j / kPanel)[i * kPanel + j % kPanel]. So rows of several panels are read together without
// packing, and a transform writes whole vectors.
#pragma once

#include <cstdint>

#include "kernels/simd.h"

namespace cnn {

inline constexpr int64_t kPanel = kLanes<WideVector>;

inline int64_t panel_count(int64_t columns) { return (columns + kPanel - 1) / kPanel; }

// `distance` floats from one panel to the next.
template <class Float>
struct Panels {
  Float* data;
  int64_t distance;
};

// C (+)= A B, A [rows, depth], B [depth, panels of C].
void multiply_panels(int64_t rows, int64_t depth, int64_t panels, Panels<const float> a,
                     Panels<const float> b, bool add, Panels<float> c);

// C (+)= A^T B, A [depth, rows].
void multiply_panels_transposed(int64_t rows, int64_t depth, int64_t panels, Panels<const float> a,
                                Panels<const float> b, bool add, Panels<float> c);

}  // namespace cnn

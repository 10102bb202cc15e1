// Pooling over channels-last values: windows of kernel slices, rows and columns, moved by stride.
#pragma once

#include <cstdint>

#include "tensor/shape.h"

namespace cnn {

// Of pictures everything has depth 1 (Extents).
struct PoolShape {
  int64_t channels = 1;
  Extents in = Extents::all(1), out = Extents::all(1);
  Extents kernel = Extents::all(1), stride = Extents::all(1);
  Extents pad = Extents::all(0);  // before; windows may hang over the other edges as `out` says

  bool is_picture() const { return in.d == 1 && out.d == 1 && kernel.d == 1 && pad.d == 0; }
  // Every slice is seen by one slice of the output and no other: they are as good as more pictures.
  bool has_lone_slices() const {
    return in.d == out.d && kernel.d == 1 && stride.d == 1 && pad.d == 0;
  }
};

// Maximum. `places` remembers where in its window each maximum stood, for backward; null if nobody
// will ask. The first of equal values wins; a NaN in a window gives NaN.
void max_pool(const PoolShape& shape, int64_t batch, const float* in, float* out, float* places);
// grad_in (+)= grad_out at the places of the maxima.
void max_pool_backward(const PoolShape& shape, int64_t batch, const float* grad_out,
                       const float* places, bool add, float* grad_in);
// The transpose of that: out (+)= the values of `in` at the places of the maxima.
void max_pool_at(const PoolShape& shape, int64_t batch, const float* in, const float* places,
                 bool add, float* out);
// Floats that `places` takes for one sample.
int64_t max_pool_places(const PoolShape& shape);

// Mean. Padding counts as zeros (`count_pad`) or not at all; what hangs over the padding behind,
// below or to the right (`pad_end`) never counts.
struct AveragePoolShape : PoolShape {
  Extents pad_end = Extents::all(0);  // padding behind, below and to the right
  bool count_pad = true;
};
void average_pool(const AveragePoolShape& shape, int64_t batch, const float* in, float* out);
void average_pool_backward(const AveragePoolShape& shape, int64_t batch, const float* grad_out,
                           bool add, float* grad_in);

// Mean over all positions: in [batch, positions, channels], out [batch, channels].
void global_average_pool(const float* in, int64_t batch, int64_t positions, int64_t channels,
                         float* out);
void global_average_pool_backward(const float* grad_out, int64_t batch, int64_t positions,
                                  int64_t channels, bool add, float* grad_in);

}  // namespace cnn

// Which input pixels a pooling window covers, and which windows cover an input pixel: in a slice,
// and by slices of volumes.
#pragma once

#include <algorithm>

#include "kernels/pool.h"

namespace cnn {

// The first window that reaches padded position p: ceil((p - kernel + 1) / stride), at least 0.
inline int64_t first_window(int64_t p, int64_t kernel, int64_t stride) {
  return p < kernel ? 0 : (p - kernel) / stride + 1;
}

// Input slices [z0, z1) of output slice oz, clipped to the volume.
struct PoolSlices {
  int64_t front;  // unclipped
  int64_t z0, z1;

  PoolSlices(const PoolShape& s, int64_t oz)
      : front(oz * s.stride.d - s.pad.d),
        z0(std::max<int64_t>(0, front)),
        z1(std::min(s.in.d, front + s.kernel.d)) {}

  // Number of the first pixel of an input slice inside the whole window.
  int64_t place(int64_t z, const PoolShape& s) const {
    return (z - front) * s.kernel.h * s.kernel.w;
  }
};

// Output slices [oz0, oz1) whose windows cover input slice z.
struct PoolSliceCover {
  int64_t oz0, oz1;

  PoolSliceCover(const PoolShape& s, int64_t z)
      : oz0(first_window(z + s.pad.d, s.kernel.d, s.stride.d)),
        oz1(std::min(s.out.d, (z + s.pad.d) / s.stride.d + 1)) {}
};

// Input pixels [y0, y1) x [x0, x1) of output pixel (oy, ox), clipped to the image.
struct PoolWindow {
  int64_t top, left;  // unclipped
  int64_t y0, y1, x0, x1;

  PoolWindow(const PoolShape& s, int64_t oy, int64_t ox)
      : top(oy * s.stride.h - s.pad.h),
        left(ox * s.stride.w - s.pad.w),
        y0(std::max<int64_t>(0, top)),
        y1(std::min(s.in.h, top + s.kernel.h)),
        x0(std::max<int64_t>(0, left)),
        x1(std::min(s.in.w, left + s.kernel.w)) {}

  // Number of an input pixel inside its slice of the whole window, row by row.
  int64_t place(int64_t y, int64_t x, const PoolShape& s) const {
    return (y - top) * s.kernel.w + x - left;
  }
};

// Output pixels [oy0, oy1) x [ox0, ox1) whose windows cover input pixel (y, x).
struct PoolCover {
  int64_t oy0, oy1, ox0, ox1;

  PoolCover(const PoolShape& s, int64_t y, int64_t x)
      : oy0(first_window(y + s.pad.h, s.kernel.h, s.stride.h)),
        oy1(std::min(s.out.h, (y + s.pad.h) / s.stride.h + 1)),
        ox0(first_window(x + s.pad.w, s.kernel.w, s.stride.w)),
        ox1(std::min(s.out.w, (x + s.pad.w) / s.stride.w + 1)) {}
};

}  // namespace cnn

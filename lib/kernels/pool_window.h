// Which input pixels a pooling window covers, and which windows cover an input pixel.
#pragma once

#include <algorithm>

#include "kernels/pool.h"

namespace cnn {

// Input pixels [y0, y1) x [x0, x1) of output pixel (oy, ox), clipped to the image.
struct PoolWindow {
  int64_t top, left;  // unclipped
  int64_t y0, y1, x0, x1;

  PoolWindow(const PoolShape& s, int64_t oy, int64_t ox)
      : top(oy * s.stride.h - s.pad.h),
        left(ox * s.stride.w - s.pad.w),
        y0(std::max<int64_t>(0, top)),
        y1(std::min(s.in_height, top + s.kernel.h)),
        x0(std::max<int64_t>(0, left)),
        x1(std::min(s.in_width, left + s.kernel.w)) {}

  // Number of an input pixel inside the whole window, row by row.
  int64_t place(int64_t y, int64_t x, const PoolShape& s) const {
    return (y - top) * s.kernel.w + x - left;
  }
};

// Output pixels [oy0, oy1) x [ox0, ox1) whose windows cover input pixel (y, x).
struct PoolCover {
  int64_t oy0, oy1, ox0, ox1;

  PoolCover(const PoolShape& s, int64_t y, int64_t x)
      : oy0(first(y + s.pad.h, s.kernel.h, s.stride.h)),
        oy1(std::min(s.out_height, (y + s.pad.h) / s.stride.h + 1)),
        ox0(first(x + s.pad.w, s.kernel.w, s.stride.w)),
        ox1(std::min(s.out_width, (x + s.pad.w) / s.stride.w + 1)) {}

 private:
  // The first window that reaches padded position p: ceil((p - kernel + 1) / stride), at least 0.
  static int64_t first(int64_t p, int64_t kernel, int64_t stride) {
    return p < kernel ? 0 : (p - kernel) / stride + 1;
  }
};

}  // namespace cnn

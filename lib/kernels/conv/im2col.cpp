// Convolution as matrix products over blocks of pixels: the taps of a block are gathered into
// per-thread scratch, one row a pixel, and multiplied by serial BLAS. Chellapilla et al. 2006,
// "High performance convolutional neural networks for document processing", in blocks so that the
// gathered matrix stays in the cache. Accepts every shape.
#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "base/parallel.h"
#include "kernels/conv/algorithms.h"
#include "kernels/conv/correlation.h"
#include "kernels/gemm.h"
#include "kernels/reduce.h"

namespace cnn {
namespace {

constexpr int64_t kBlockPixels = 240;
constexpr int64_t kBlockFloats = 160 * 1024;  // of gathered taps: most of an L2 cache
constexpr int64_t kLeastPixels = 32;

int64_t block_pixels(int64_t depth) {
  return std::clamp(kBlockFloats / std::max<int64_t>(depth, 1), kLeastPixels, kBlockPixels);
}

// Walks over the grid's pixels, sample after sample. Of pictures nobody asks for the slice.
template <bool kVolume>
class Pixel {
 public:
  Pixel(const Correlation& grid, int64_t index)
      : grid_(grid),
        n_(index / grid.pixels()),
        slice_(index % grid.pixels() / (grid.size.h * grid.size.w)),
        a_(index / grid.size.w % grid.size.h),
        b_(index % grid.size.w) {}
  void next() {
    if (++b_ < grid_.size.w) return;
    b_ = 0;
    if (++a_ < grid_.size.h) return;
    a_ = 0;
    if (kVolume && ++slice_ < grid_.size.d) return;
    slice_ = 0;
    ++n_;
  }
  // The channels under one tap, or null outside the image.
  const float* source(const float* image, const Tap& tap) const {
    const int64_t row = a_ * grid_.step.h + tap.row, col = b_ * grid_.step.w + tap.col;
    if (row < 0 || row >= grid_.source.h || col < 0 || col >= grid_.source.w) {
      return nullptr;
    }
    int64_t line = row;
    if constexpr (kVolume) {
      const int64_t slice = slice_ * grid_.step.d + tap.slice;
      if (slice < 0 || slice >= grid_.source.d) return nullptr;
      line += slice * grid_.source.h;
    }
    return image + n_ * grid_.source_count() +
           (line * grid_.source.w + col) * grid_.source_channels;
  }
  float* target(float* image) const { return grid_.target_pixel(image, n_, a_, b_, slice_); }

 private:
  const Correlation& grid_;
  int64_t n_, slice_, a_, b_;
};

// Part [begin, end) of a pixel's gathered row of `group`, whose order is taps, then channels.
struct Slice {
  int64_t group = 0;
  int64_t begin = 0, end = 0;
  int64_t size() const { return end - begin; }
};

template <class P>
void gather_pixel(const Correlation& grid, const P& pixel, const float* image, const Slice& slice,
                  float* row) {
  const int64_t channels = grid.group_source();
  int64_t t = slice.begin / channels, c = slice.begin % channels;
  for (int64_t k = slice.begin; k < slice.end; ++t, c = 0) {
    const int64_t count = std::min(channels - c, slice.end - k);
    const float* from = pixel.source(image, grid.taps[static_cast<size_t>(t)]);
    if (from) {
      from += slice.group * channels + c;
      for (int64_t i = 0; i < count; ++i) row[i] = from[i];
    } else {
      for (int64_t i = 0; i < count; ++i) row[i] = 0;
    }
    row += count;
    k += count;
  }
}

void gather(const Correlation& grid, const float* image, int64_t first, int64_t count,
            const Slice& slice, float* rows) {
  const auto from = [&](auto pixel) {
    for (int64_t i = 0; i < count; ++i, pixel.next()) {
      gather_pixel(grid, pixel, image, slice, rows + i * slice.size());
    }
  };
  if (grid.is_volume) {
    from(Pixel<true>(grid, first));
  } else {
    from(Pixel<false>(grid, first));
  }
}

// target += or = rows, for the channels of one group.
void scatter(const Correlation& grid, const float* rows, int64_t first, int64_t count,
             int64_t group, bool add, float* target) {
  const int64_t channels = grid.group_target();
  Pixel<true> pixel(grid, first);
  for (int64_t i = 0; i < count; ++i, pixel.next()) {
    float* to = pixel.target(target) + group * channels;
    const float* from = rows + i * channels;
    if (add) {
      for (int64_t c = 0; c < channels; ++c) to[c] += from[c];
    } else {
      std::copy_n(from, channels, to);
    }
  }
}

ConvScratch correlate_scratch(const Correlation& grid) {
  const int64_t pixels = block_pixels(grid.gathered());
  return {pixels * (grid.gathered() + (grid.is_dense() ? 0 : grid.group_target())), 0};
}

// Weights of group g: gathered() rows of group_target() numbers from `weights + g * group_offset`,
// rows `row_stride` apart. `add` keeps what the target holds; an epilogue is forward's alone, whose
// grid is dense.
struct Weights {
  const float* data;
  int64_t group_offset;
  int64_t row_stride;
};

void correlate_block(const Correlation& grid, const float* source, const Weights& weights,
                     const Epilogue& epilogue, bool add, int64_t first, int64_t count, float* rows,
                     float* target) {
  const int64_t depth = grid.gathered(), out = grid.group_target();
  for (int64_t group = 0; group < grid.groups; ++group) {
    const float* w = weights.data + group * weights.group_offset;
    gather(grid, source, first, count, {group, 0, depth}, rows);
    if (grid.is_dense()) {
      const int64_t stride = grid.target_channels, offset = first * stride + group * out;
      float* to = target + offset;
      const bool started =
          start_rows(epilogue.from(offset, group * out), count, out, stride, to) || add;
      gemm_serial(Op::kNone, Op::kNone, count, out, depth, 1, rows, depth, w, weights.row_stride,
                  started ? 1 : 0, to, stride);
      rectify_rows(epilogue.rectifier, count, out, stride, to);
    } else {
      float* product = rows + count * depth;
      gemm_serial(Op::kNone, Op::kNone, count, out, depth, 1, rows, depth, w, weights.row_stride, 0,
                  product, out);
      scatter(grid, product, first, count, group, add, target);
    }
  }
}

void correlate(const Correlation& grid, int64_t batch, const float* source, const Weights& weights,
               const Epilogue& epilogue, bool add, float* target, float* scratch,
               int64_t per_thread) {
  const int64_t pixels = batch * grid.pixels(), block = block_pixels(grid.gathered());
  parallel_for(pixels, block, [&](int64_t begin, int64_t end, int worker) {
    correlate_block(grid, source, weights, epilogue, add, begin, end - begin,
                    scratch + worker * per_thread, target);
  });
}

// It accepts every shape, so what speaks for it is that no faster one accepts this.
std::string why_gathered(const ConvShape& s) {
  const bool is_volume = !s.is_picture();
  std::string text = "none faster for " + s.kernel.str(is_volume);
  const auto tell = [&](const char* name, const Extents& e) {
    if (e == Extents::all(1)) return;
    const bool one = e.h == e.w && (!is_volume || e.d == e.h);
    text += fmt::format(", {} {}", name, one ? std::to_string(e.h) : e.str(is_volume));
  };
  tell("stride", s.stride);
  tell("dilation", s.dilation);
  if (s.groups > 1) text += fmt::format(", {} groups", s.groups);
  return text + fmt::format(", {}x{} to {}x{}", s.in_channels, s.in.str(is_volume), s.out_channels,
                            s.out.str(is_volume));
}

class Im2colForward final : public ConvForward {
 public:
  explicit Im2colForward(const ConvShape& shape) : s_(shape), grid_(forward_correlation(shape)) {}
  const char* name() const override { return "im2col"; }
  std::string why() const override { return why_gathered(s_); }
  ConvScratch scratch() const override { return correlate_scratch(grid_); }
  void run(int64_t batch, const float* x, const float* w, const Epilogue& epilogue, float* y,
           ConvMemory memory) const override {
    correlate(grid_, batch, x, {w, grid_.group_target(), grid_.target_channels}, epilogue, false, y,
              memory.threads, scratch().per_thread);
  }

 private:
  ConvShape s_;
  Correlation grid_;
};

class Im2colBackwardData final : public ConvBackwardData {
 public:
  explicit Im2colBackwardData(const ConvShape& shape)
      : s_(shape), grids_(backward_correlations(shape)) {}
  const char* name() const override { return "im2col"; }
  std::string why() const override { return why_gathered(s_); }
  ConvScratch scratch() const override {
    int64_t per_thread = 0;
    for (const Correlation& grid : grids_) {
      per_thread = std::max(per_thread, correlate_scratch(grid).per_thread);
    }
    return {per_thread, s_.weight_count()};
  }
  void run(int64_t batch, const float* dy, const float* w, bool add, float* dx,
           ConvMemory memory) const override {
    transpose_weights(s_, grids_, w, memory.once);
    if (!add && !cover_pixels(grids_, s_.in.count())) {
      fill_rows_parallel(dx, batch * s_.in.d * s_.in.h, s_.in.w * s_.in_channels, nullptr);
    }
    const int64_t per_thread = scratch().per_thread;
    for (const Correlation& grid : grids_) {
      const int64_t in = s_.group_in(), out = s_.group_out();
      correlate(grid, batch, dy,
                {memory.once + grid.first_tap * out * in, s_.taps() * out * in, in}, {}, add, dx,
                memory.threads, per_thread);
    }
  }

 private:
  ConvShape s_;
  std::vector<Correlation> grids_;
};

// dw[k, o] = sum over pixels of gathered[pixel, k] * dy[pixel, o].
//
// A small weight is summed in up to kParts partial products, one for each run of blocks, that are
// added in order. A large one is cut into slices of k instead: each slice gathers only its own
// columns and walks over all pixels, so no copy of the weight is needed.
class Im2colBackwardWeights final : public ConvBackwardWeights {
 public:
  explicit Im2colBackwardWeights(const ConvShape& shape)
      : s_(shape), grid_(forward_correlation(shape)) {
    in_parts_ = s_.weight_count() <= kLargestPart;
    slice_ = depth();
    if (!in_parts_) slice_ = std::min(depth(), std::max(chunk_count(depth(), kParts), kLeastSlice));
    block_ = block_pixels(slice_);
  }
  const char* name() const override { return "im2col"; }
  std::string why() const override { return why_gathered(s_); }
  ConvScratch scratch() const override {
    return {block_ * slice_, in_parts_ ? kParts * s_.weight_count() : 0};
  }
  void run(int64_t batch, const float* x, const float* dy, bool add, float* dw,
           ConvMemory memory) const override {
    if (in_parts_) {
      run_parts(batch, x, dy, add, dw, memory);
    } else {
      run_slices(batch, x, dy, add, dw, memory);
    }
  }

 private:
  static constexpr int64_t kParts = 16;
  static constexpr int64_t kLargestPart = 64 * 1024;
  static constexpr int64_t kLeastSlice = 64;

  int64_t depth() const { return grid_.gathered(); }

  // Adds to (or starts) dw's rows of `slice` from the pixels [begin, end).
  void accumulate(const float* x, const float* dy, int64_t begin, int64_t end, const Slice& slice,
                  bool add, float* dw, float* rows) const {
    const int64_t out = s_.group_out(), channels = s_.out_channels;
    for (int64_t first = begin; first < end; first += block_) {
      const int64_t count = std::min(block_, end - first);
      gather(grid_, x, first, count, slice, rows);
      gemm_serial(Op::kTranspose, Op::kNone, slice.size(), out, count, 1, rows, slice.size(),
                  dy + first * channels + slice.group * out, channels, add || first > begin ? 1 : 0,
                  dw + slice.begin * channels + slice.group * out, channels);
    }
  }

  void run_parts(int64_t batch, const float* x, const float* dy, bool add, float* dw,
                 ConvMemory memory) const {
    const int64_t pixels = batch * grid_.pixels();
    const int64_t blocks = chunk_count(pixels, block_);
    const int64_t part = chunk_count(blocks, kParts) * block_;
    const int64_t count = s_.weight_count();
    parallel_for(pixels, part, [&](int64_t begin, int64_t end, int worker) {
      for (int64_t group = 0; group < s_.groups; ++group) {
        accumulate(x, dy, begin, end, {group, 0, depth()}, false,
                   memory.once + begin / part * count, memory.threads + worker * block_ * slice_);
      }
    });
    add_partials(memory.once, chunk_count(pixels, part), count, add, dw);
  }

  void run_slices(int64_t batch, const float* x, const float* dy, bool add, float* dw,
                  ConvMemory memory) const {
    const int64_t slices = chunk_count(depth(), slice_);
    const int64_t pixels = batch * grid_.pixels();
    parallel_for(slices * s_.groups, 1, [&](int64_t begin, int64_t end, int worker) {
      for (int64_t unit = begin; unit < end; ++unit) {
        const int64_t group = unit / slices, from = unit % slices * slice_;
        accumulate(x, dy, 0, pixels, {group, from, std::min(from + slice_, depth())}, add, dw,
                   memory.threads + worker * block_ * slice_);
      }
    });
  }

  ConvShape s_;
  Correlation grid_;
  bool in_parts_ = false;
  int64_t slice_ = 1;  // of the gathered row
  int64_t block_ = 1;  // pixels
};

}  // namespace

std::unique_ptr<ConvForward> make_im2col_forward(const ConvShape& shape) {
  return std::make_unique<Im2colForward>(shape);
}
std::unique_ptr<ConvBackwardData> make_im2col_backward_data(const ConvShape& shape) {
  return std::make_unique<Im2colBackwardData>(shape);
}
std::unique_ptr<ConvBackwardWeights> make_im2col_backward_weights(const ConvShape& shape) {
  return std::make_unique<Im2colBackwardWeights>(shape);
}

}  // namespace cnn

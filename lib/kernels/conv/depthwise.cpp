// Depthwise convolution: every channel has its own kernel and sees no other, so vectors go over
// channels. Weights are [tap, channel].
#include <algorithm>
#include <vector>

#include "base/parallel.h"
#include "kernels/conv/algorithms.h"
#include "kernels/conv/correlation.h"
#include "kernels/reduce.h"
#include "kernels/simd.h"

namespace cnn {
namespace {

bool is_depthwise(const ConvShape& s) {
  return s.groups > 1 && s.groups == s.in_channels && s.groups == s.out_channels;
}

// One row of the grid, the channels of one block: a sum for each pixel over the taps inside the
// image. The epilogue's residual is laid out as the row; `add` is backward's.
template <class L>
void correlate_row(const Correlation& g, const float* image, int64_t a, const float* w,
                   const Epilogue& epilogue, bool add, int64_t n, float* target) {
  using V = typename L::Vector;
  const int64_t channels = g.source_channels;
  const Finish<V> end(epilogue);
  const V start = end.template start<L::kWhole>(0, n);
  const float* const first = target;
  for (int64_t b = 0; b < g.width; ++b, target += g.place_step.w * channels) {
    V sum = start;
    for (const Tap& tap : g.taps) {
      const int64_t y = a * g.step.h + tap.row, x = b * g.step.w + tap.col;
      if (y < 0 || y >= g.source_height || x < 0 || x >= g.source_width) continue;
      sum += load_lanes<V, L::kWhole>(image + (y * g.source_width + x) * channels, n) *
             load_lanes<V, L::kWhole>(w + tap.index * channels, n);
    }
    if (add) sum += load_lanes<V, L::kWhole>(target, n);
    store_lanes<V, L::kWhole>(target, end.template finish<L::kWhole>(sum, target - first, n), n);
  }
}

void correlate(const Correlation& g, int64_t batch, const float* source, const float* w,
               const Epilogue& epilogue, bool add, float* target) {
  const int64_t rows = batch * g.height;
  const int64_t cost = g.width * g.tap_count() * g.source_channels / 4;
  parallel_for(rows, grain_for(rows, cost), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t n = row / g.height, a = row % g.height;
      over_channels(g.source_channels, [&](auto lanes, int64_t c, int64_t count) {
        float* to = g.target_pixel(target, n, a, 0) + c;
        correlate_row<decltype(lanes)>(g, source + n * g.source_count() + c, a, w + c,
                                       epilogue.from(to - target, c), add, count, to);
      });
    }
  });
}

class DepthwiseForward final : public ConvForward {
 public:
  explicit DepthwiseForward(const ConvShape& shape) : grid_(forward_correlation(shape)) {}
  const char* name() const override { return "depthwise"; }
  ConvScratch scratch() const override { return {}; }
  void run(int64_t batch, const float* x, const float* w, const Epilogue& epilogue, float* y,
           ConvMemory) const override {
    correlate(grid_, batch, x, w, epilogue, false, y);
  }

 private:
  Correlation grid_;
};

class DepthwiseBackwardData final : public ConvBackwardData {
 public:
  explicit DepthwiseBackwardData(const ConvShape& shape)
      : s_(shape), grids_(backward_correlations(shape)) {}
  const char* name() const override { return "depthwise"; }
  ConvScratch scratch() const override { return {}; }
  void run(int64_t batch, const float* dy, const float* w, bool add, float* dx,
           ConvMemory) const override {
    if (!add && !cover_pixels(grids_, s_.in_height * s_.in_width)) {
      fill_rows_parallel(dx, batch * s_.in_height, s_.in_width * s_.in_channels, nullptr);
    }
    for (const Correlation& grid : grids_) correlate(grid, batch, dy, w, {}, add, dx);
  }

 private:
  ConvShape s_;
  std::vector<Correlation> grids_;
};

// Rows of dy are summed in partial gradients, cut by shape alone and added in order.
class DepthwiseBackwardWeights final : public ConvBackwardWeights {
 public:
  explicit DepthwiseBackwardWeights(const ConvShape& shape)
      : s_(shape),
        grid_(forward_correlation(shape)),
        parts_(std::clamp<int64_t>(kMostFloats / shape.weight_count(), 1, kMostParts)) {}
  const char* name() const override { return "depthwise"; }
  ConvScratch scratch() const override { return {0, parts_ * s_.weight_count()}; }

  void run(int64_t batch, const float* x, const float* dy, bool add, float* dw,
           ConvMemory memory) const override {
    const int64_t rows = batch * s_.out_height, part = chunk_count(rows, parts_);
    parallel_for(rows, part, [&](int64_t begin, int64_t end) {
      float* sums = memory.once + begin / part * s_.weight_count();
      std::fill_n(sums, s_.weight_count(), 0.0f);
      for (int64_t row = begin; row < end; ++row) {
        for (const Tap& tap : grid_.taps) {
          add_row(x + row / s_.out_height * s_.in_count(), row % s_.out_height, tap,
                  dy + row * s_.out_width * s_.out_channels, sums + tap.index * s_.out_channels);
        }
      }
    });
    add_partials(memory.once, chunk_count(rows, part), s_.weight_count(), add, dw);
  }

 private:
  static constexpr int64_t kMostParts = 16;
  static constexpr int64_t kMostFloats = int64_t{1} << 20;

  // sums += what output row `a` of one sample gives to one tap.
  void add_row(const float* image, int64_t a, const Tap& tap, const float* dy, float* sums) const {
    const int64_t step = s_.stride.w, channels = s_.in_channels;
    const int64_t y = a * s_.stride.h + tap.row, room = s_.in_width - 1 - tap.col;
    if (y < 0 || y >= s_.in_height || room < 0) return;
    const int64_t begin = tap.col < 0 ? (-tap.col + step - 1) / step : 0;
    const int64_t end = std::min(s_.out_width, room / step + 1);
    if (begin >= end) return;
    const float* from = image + (y * s_.in_width + begin * step + tap.col) * channels;
    over_channels(channels, [&](auto lanes, int64_t c, int64_t n) {
      using L = decltype(lanes);
      using V = typename L::Vector;
      const float* source = from + c;
      V sum = load_lanes<V, L::kWhole>(sums + c, n);
      for (int64_t b = begin; b < end; ++b, source += step * channels) {
        sum += load_lanes<V, L::kWhole>(source, n) *
               load_lanes<V, L::kWhole>(dy + b * channels + c, n);
      }
      store_lanes<V, L::kWhole>(sums + c, sum, n);
    });
  }

  ConvShape s_;
  Correlation grid_;
  int64_t parts_;
};

}  // namespace

std::unique_ptr<ConvForward> make_depthwise_forward(const ConvShape& shape) {
  return is_depthwise(shape) ? std::make_unique<DepthwiseForward>(shape) : nullptr;
}
std::unique_ptr<ConvBackwardData> make_depthwise_backward_data(const ConvShape& shape) {
  return is_depthwise(shape) ? std::make_unique<DepthwiseBackwardData>(shape) : nullptr;
}
std::unique_ptr<ConvBackwardWeights> make_depthwise_backward_weights(const ConvShape& shape) {
  return is_depthwise(shape) ? std::make_unique<DepthwiseBackwardWeights>(shape) : nullptr;
}

}  // namespace cnn

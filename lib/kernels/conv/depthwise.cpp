// Depthwise convolution: every channel has its own kernel and sees no other, so vectors go over
// channels. Weights are [tap, channel].
#include <algorithm>
#include <vector>

#include "base/parallel.h"
#include "kernels/conv/algorithms.h"
#include "kernels/conv/correlation.h"
#include "kernels/finish.h"
#include "kernels/reduce.h"
#include "kernels/simd.h"

namespace cnn {
namespace {

bool is_depthwise(const ConvShape& s) {
  return s.is_picture() && s.groups > 1 && s.groups == s.in_channels && s.groups == s.out_channels;
}

// A grid whose taps are known as places, relative to a pixel's own.
class DepthwiseGrid {
 public:
  explicit DepthwiseGrid(const Correlation& grid) : grid_(grid) {
    for (const Tap& tap : grid.taps) {
      sources_.push_back((tap.row * grid.source.w + tap.col) * grid.source_channels);
      weights_.push_back(tap.index * grid.source_channels);
      lowest_ = std::min(lowest_, tap.col);
      highest_ = std::max(highest_, tap.col);
    }
  }

  const Correlation& grid() const { return grid_; }
  int64_t channels() const { return grid_.source_channels; }
  // Floats from a sample's start to the own place of pixel (a, b), and of each tap from there.
  int64_t place(int64_t a, int64_t b) const {
    return (a * grid_.step.h * grid_.source.w + b * grid_.step.w) * channels();
  }
  int64_t source(int64_t t) const { return sources_[static_cast<size_t>(t)]; }
  int64_t weight(int64_t t) const { return weights_[static_cast<size_t>(t)]; }

  struct Span {
    int64_t begin, end;
    int64_t count() const { return end - begin; }
  };
  // Taps whose source row exists for grid row `a`.
  Span taps(int64_t a) const {
    Span span{0, grid_.tap_count()};
    const auto outside = [&](int64_t t) {
      const int64_t y = a * grid_.step.h + grid_.taps[static_cast<size_t>(t)].row;
      return y < 0 || y >= grid_.source.h;
    };
    while (span.begin < span.end && outside(span.begin)) ++span.begin;
    while (span.begin < span.end && outside(span.end - 1)) --span.end;
    return span;
  }
  // Pixels of a row all of whose columns exist.
  Span inside() const {
    const int64_t step = grid_.step.w, room = grid_.source.w - 1 - highest_;
    const int64_t begin = std::min(grid_.size.w, (-lowest_ + step - 1) / step);
    return {begin, room < 0 ? begin : std::clamp(room / step + 1, begin, grid_.size.w)};
  }
  bool has_column(int64_t t, int64_t b) const {
    const int64_t x = b * grid_.step.w + grid_.taps[static_cast<size_t>(t)].col;
    return x >= 0 && x < grid_.source.w;
  }

 private:
  Correlation grid_;
  std::vector<int64_t> sources_, weights_;
  int64_t lowest_ = 0, highest_ = 0;
};

// body(kCount) with the number of taps where the compiler shall know it: it then keeps a number for
// each of them in a register. Else 0.
template <class Body>
void with_tap_count(int64_t count, Body body) {
  switch (count) {
    case 1:
      return body(std::integral_constant<int, 1>{});
    case 2:
      return body(std::integral_constant<int, 2>{});
    case 4:
      return body(std::integral_constant<int, 4>{});
    case 6:
      return body(std::integral_constant<int, 6>{});
    case 9:
      return body(std::integral_constant<int, 9>{});
    default:
      return body(std::integral_constant<int, 0>{});
  }
}

// One row of the grid, the channels of one block.
template <class L>
struct Row {
  using V = typename L::Vector;
  const DepthwiseGrid& grid;
  const float* source;  // of the sample
  int64_t a;
  const float* weights;
  int64_t n;  // channels

  V load_source(int64_t at) const { return load_lanes<V, L::kWhole>(source + at, n); }
  V load_weight(int64_t t) const { return load_lanes<V, L::kWhole>(weights + grid.weight(t), n); }

  // use(b, sum) for all pixels, from left to right.
  template <class Use>
  void correlate(V start, Use use) const {
    const auto taps = grid.taps(a);
    const auto inside = grid.inside();
    edge(taps, 0, inside.begin, start, use);
    with_tap_count(taps.count(), [&](auto count) {
      if constexpr (count == 0) {
        edge(taps, inside.begin, inside.end, start, use);
      } else {
        V w[count];
        int64_t from[count];
        unrolled<count>([&](auto t) {
          w[t] = load_weight(taps.begin + t);
          from[t] = grid.source(taps.begin + t);
        });
        int64_t at = grid.place(a, inside.begin);
        for (int64_t b = inside.begin; b < inside.end; ++b) {
          V sum = start;
          unrolled<count>([&](auto t) { sum += load_source(at + from[t]) * w[t]; });
          use(b, sum);
          at += grid.grid().step.w * grid.channels();
        }
      }
    });
    edge(taps, inside.end, grid.grid().size.w, start, use);
  }

  // Pixels some of whose columns may be missing.
  template <class Use>
  void edge(DepthwiseGrid::Span taps, int64_t begin, int64_t end, V start, Use use) const {
    for (int64_t b = begin; b < end; ++b) {
      V sum = start;
      for (int64_t t = taps.begin; t < taps.end; ++t) {
        if (!grid.has_column(t, b)) continue;
        sum += load_source(grid.place(a, b) + grid.source(t)) * load_weight(t);
      }
      use(b, sum);
    }
  }

  // sums of each tap += source times gradient, over all pixels; `gradient` is the row of dy.
  void add_gradient(const float* gradient, float* sums) const {
    const auto taps = grid.taps(a);
    const auto inside = grid.inside();
    with_tap_count(taps.count(), [&](auto count) {
      if constexpr (count == 0) {
        edge_gradient(taps, inside.begin, inside.end, gradient, sums);
      } else {
        V sum[count];
        int64_t from[count];
        unrolled<count>([&](auto t) {
          sum[t] = load_lanes<V, L::kWhole>(sums + grid.weight(taps.begin + t), n);
          from[t] = grid.source(taps.begin + t);
        });
        int64_t at = grid.place(a, inside.begin);
        for (int64_t b = inside.begin; b < inside.end; ++b) {
          const V g = in_register(load_lanes<V, L::kWhole>(gradient + b * grid.channels(), n));
          unrolled<count>([&](auto t) { sum[t] += load_source(at + from[t]) * g; });
          at += grid.grid().step.w * grid.channels();
        }
        unrolled<count>([&](auto t) {
          store_lanes<V, L::kWhole>(sums + grid.weight(taps.begin + t), sum[t], n);
        });
      }
    });
    edge_gradient(taps, 0, inside.begin, gradient, sums);
    edge_gradient(taps, inside.end, grid.grid().size.w, gradient, sums);
  }

  void edge_gradient(DepthwiseGrid::Span taps, int64_t begin, int64_t end, const float* gradient,
                     float* sums) const {
    for (int64_t t = taps.begin; t < taps.end && begin < end; ++t) {
      float* to = sums + grid.weight(t);
      V sum = load_lanes<V, L::kWhole>(to, n);
      for (int64_t b = begin; b < end; ++b) {
        if (!grid.has_column(t, b)) continue;
        sum += load_source(grid.place(a, b) + grid.source(t)) *
               load_lanes<V, L::kWhole>(gradient + b * grid.channels(), n);
      }
      store_lanes<V, L::kWhole>(to, sum, n);
    }
  }
};

// The epilogue is forward's, `add` backward's.
void correlate(const DepthwiseGrid& grid, int64_t batch, const float* source, const float* w,
               const Epilogue& epilogue, bool add, float* target) {
  const Correlation& g = grid.grid();
  const int64_t rows = batch * g.size.h;
  const int64_t cost = g.size.w * g.tap_count() * g.source_channels / 4;
  const int64_t step = g.place_step.w * g.target_channels;
  parallel_for(rows, grain_for(rows, cost), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t n = row / g.size.h, a = row % g.size.h;
      over_channels(g.source_channels, [&](auto lanes, int64_t c, int64_t count) {
        using L = decltype(lanes);
        using V = typename L::Vector;
        float* to = g.target_pixel(target, n, a, 0) + c;
        const Finish<V> finish(epilogue.from(to - target, c));
        const Row<L> part{grid, source + n * g.source_count() + c, a, w + c, count};
        part.correlate(finish.template start<L::kWhole>(0, count), [&](int64_t b, V sum) {
          const int64_t at = b * step;
          if (add) sum += load_lanes<V, L::kWhole>(to + at, count);
          sum = finish.template finish<L::kWhole>(sum, at, count);
          store_lanes<V, L::kWhole>(to + at, sum, count);
        });
      });
    }
  });
}

class DepthwiseForward final : public ConvForward {
 public:
  explicit DepthwiseForward(const ConvShape& shape) : grid_(forward_correlation(shape)) {}
  const char* name() const override { return "depthwise"; }
  std::string why() const override { return "every channel a group of its own"; }
  ConvScratch scratch() const override { return {}; }
  void run(int64_t batch, const float* x, const float* w, const Epilogue& epilogue, float* y,
           ConvMemory) const override {
    correlate(grid_, batch, x, w, epilogue, false, y);
  }

 private:
  DepthwiseGrid grid_;
};

class DepthwiseBackwardData final : public ConvBackwardData {
 public:
  explicit DepthwiseBackwardData(const ConvShape& shape) : s_(shape) {
    const std::vector<Correlation> grids = backward_correlations(shape);
    covers_ = cover_pixels(grids, shape.in.count());
    for (const Correlation& grid : grids) grids_.emplace_back(grid);
  }
  const char* name() const override { return "depthwise"; }
  std::string why() const override { return "every channel a group of its own"; }
  ConvScratch scratch() const override { return {}; }
  void run(int64_t batch, const float* dy, const float* w, bool add, float* dx,
           ConvMemory) const override {
    if (!add && !covers_) {
      fill_rows_parallel(dx, batch * s_.in.h, s_.in.w * s_.in_channels, nullptr);
    }
    for (const DepthwiseGrid& grid : grids_) correlate(grid, batch, dy, w, {}, add, dx);
  }

 private:
  ConvShape s_;
  std::vector<DepthwiseGrid> grids_;
  bool covers_ = true;
};

// Rows of dy are summed in partial gradients, cut by shape alone and added in order.
class DepthwiseBackwardWeights final : public ConvBackwardWeights {
 public:
  explicit DepthwiseBackwardWeights(const ConvShape& shape)
      : s_(shape),
        grid_(forward_correlation(shape)),
        parts_(std::clamp<int64_t>(kMostFloats / shape.weight_count(), 1, kMostParts)) {}
  const char* name() const override { return "depthwise"; }
  std::string why() const override { return "every channel a group of its own"; }
  ConvScratch scratch() const override { return {0, parts_ * s_.weight_count()}; }

  void run(int64_t batch, const float* x, const float* dy, bool add, float* dw,
           ConvMemory memory) const override {
    const int64_t rows = batch * s_.out.h, part = chunk_count(rows, parts_);
    parallel_for(rows, part, [&](int64_t begin, int64_t end) {
      float* sums = memory.once + begin / part * s_.weight_count();
      std::fill_n(sums, s_.weight_count(), 0.0f);
      for (int64_t row = begin; row < end; ++row) {
        const float* image = x + row / s_.out.h * s_.in_count();
        const float* gradient = dy + row * s_.out.w * s_.out_channels;
        over_channels(s_.in_channels, [&](auto lanes, int64_t c, int64_t n) {
          using L = decltype(lanes);
          const Row<L> columns{grid_, image + c, row % s_.out.h, nullptr, n};
          columns.add_gradient(gradient + c, sums + c);
        });
      }
    });
    add_partials(memory.once, chunk_count(rows, part), s_.weight_count(), add, dw);
  }

 private:
  static constexpr int64_t kMostParts = 16;
  static constexpr int64_t kMostFloats = int64_t{1} << 20;

  ConvShape s_;
  DepthwiseGrid grid_;
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

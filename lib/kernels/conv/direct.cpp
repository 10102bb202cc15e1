// Direct convolution: a few pixels of a row times a vector or two of output channels stay in
// registers while all taps are added to them. The weights are packed beforehand, with the output
// channels padded to whole vectors. Serves forward, and backward to the data as the correlation
// that it is (correlation.h). For few channels, where a matrix product would be narrow or its
// gathering dear.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/parallel.h"
#include "base/text.h"
#include "kernels/conv/algorithms.h"
#include "kernels/conv/direct_pixels.h"
#include "kernels/conv/padded_rows.h"
#include "kernels/finish.h"
#include "kernels/reduce.h"
#include "kernels/simd.h"

namespace cnn {
namespace {

// Everything about one tile: pixels next to each other, one block of output channels.
struct Tile {
  const float* source;  // the first pixel's position
  int64_t source_pixel;
  PaddedRows::Depth depth;
  const int64_t* offsets;  // [depth]
  const float* weights;    // [depth, lanes]
  Epilogue epilogue;       // of what begins at `target`
  float* target;
  int64_t target_pixel;
  int64_t last_lanes;  // in use in the last vector
  bool whole;          // all of them
  bool add;
};

// Sums of kPixels pixels by kVectors vectors. Pixels go by threes, so that their addresses need one
// register for each three and one for the distance.
template <class V, int kPixels, int kVectors>
void accumulate(const Tile& t, V (&sums)[kPixels][kVectors]) {
  constexpr int kThrees = (kPixels + 2) / 3;
  const int64_t step = t.source_pixel;
  const float* weights = t.weights + t.depth.begin * kVectors * kLanes<V>;
  const float* next = t.source + kPixels * step;
  for (int64_t k = t.depth.begin; k < t.depth.end; ++k) {
    __builtin_prefetch(next + k * kPixels);  // of a 1x1 convolution all that the next tile reads
    const float* from[kThrees];
    from[0] = t.source + t.offsets[k];
#pragma GCC unroll 8
    for (int i = 1; i < kThrees; ++i) from[i] = from[i - 1] + 3 * step;
    V w[kVectors];
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) w[v] = load<V>(weights + v * kLanes<V>);
#pragma GCC unroll 16
    for (int p = 0; p < kPixels; ++p) {
      const V x = broadcast<V>(from[p / 3][p % 3 * step]);
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) sums[p][v] += x * w[v];
    }
    weights += kVectors * kLanes<V>;
  }
}

template <class V, int kPixels, int kVectors>
void run_tile(const Tile& t) {
  constexpr int kLast = (kVectors - 1) * kLanes<V>;
  // Else the end of the tile would wait for memory, line by line.
  const float* residual = t.epilogue.residual ? t.epilogue.residual : t.target;
#pragma GCC unroll 16
  for (int p = 0; p < kPixels; ++p) {
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      const int64_t at = p * t.target_pixel + v * kLanes<V>;
      __builtin_prefetch(t.target + at, 1);
      if (residual != t.target) __builtin_prefetch(residual + at);
    }
  }
  V sums[kPixels][kVectors];
  const Finish<V> end(t.epilogue);
  V start[kVectors];
  if constexpr (kVectors == 2) start[0] = end.template start<true>(0, 0);
  start[kVectors - 1] =
      t.whole ? end.template start<true>(kLast, 0) : end.template start<false>(kLast, t.last_lanes);
#pragma GCC unroll 16
  for (int p = 0; p < kPixels; ++p) {
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) sums[p][v] = start[v];
  }
  accumulate<V, kPixels, kVectors>(t, sums);
  const auto write = [&](auto whole, float* to, V sum) {
    if (t.add) sum += load_lanes<V, whole>(to, t.last_lanes);
    sum = end.template finish<whole>(sum, to - t.target, t.last_lanes);
    store_lanes<V, whole>(to, sum, t.last_lanes);
  };
#pragma GCC unroll 16
  for (int p = 0; p < kPixels; ++p) {
    float* to = t.target + p * t.target_pixel;
    if constexpr (kVectors == 2) write(std::true_type{}, to, sums[p][0]);
    float* last = to + kLast;
    if (t.whole) {
      write(std::true_type{}, last, sums[p][kVectors - 1]);
    } else {
      write(std::false_type{}, last, sums[p][kVectors - 1]);
    }
  }
}

// Pixels of a tile: as many as the registers hold.
template <int kVectors>
inline constexpr int kMostPixels = kVectorRegisters == 32 ? (kVectors == 1 ? 14 : 12)
                                                          : (kVectors == 1 ? 12 : 6);

using TileFunction = void (*)(const Tile&);

template <class V, int kVectors, int... kPixels>
constexpr auto tile_table(std::integer_sequence<int, kPixels...>) {
  return std::array<TileFunction, sizeof...(kPixels)>{run_tile<V, kPixels + 1, kVectors>...};
}

// A row of tiles of nearly equal width.
template <class V, int kVectors>
void run_row(Tile t, int64_t width) {
  constexpr int kMost = kMostPixels<kVectors>;
  static constexpr auto kTable = tile_table<V, kVectors>(std::make_integer_sequence<int, kMost>());
  for (int64_t tiles = (width + kMost - 1) / kMost; tiles > 0; --tiles) {
    const int64_t pixels = (width + tiles - 1) / tiles;
    kTable[static_cast<size_t>(pixels - 1)](t);
    t.source += pixels * t.source_pixel;
    t.target += pixels * t.target_pixel;
    t.epilogue = t.epilogue.from(pixels * t.target_pixel, 0);
    width -= pixels;
  }
}

void run_row(const ChannelBlock& block, const Tile& tile, int64_t width) {
  if (!block.wide) {
    run_row<NarrowVector, 1>(tile, width);
  } else if (block.vectors == 1) {
    run_row<WideVector, 1>(tile, width);
  } else {
    run_row<WideVector, 2>(tile, width);
  }
}

// Where a weight of a correlation stands in the layer's own [tap, in, out].
struct WeightStrides {
  int64_t tap, channel, out;  // by tap, by gathered channel, by result
  int64_t group;
};

// One grid with its packed weights: for each group and block, [depth, lanes].
class DirectGrid {
 public:
  explicit DirectGrid(const Correlation& grid)
      : rows_(grid), blocks_(channel_blocks(grid.group_target())) {}

  int64_t packed() const { return grid().groups * group_packed(); }
  int64_t scratch() const { return rows_.scratch(); }

  void pack(const float* w, const WeightStrides& strides, float* packed) const {
    const int64_t units = grid().groups * static_cast<int64_t>(blocks_.size());
    parallel_for(units, grain_for(units, packed_block(blocks_[0])), [&](int64_t b, int64_t e) {
      for (int64_t unit = b; unit < e; ++unit) {
        const int64_t group = unit % grid().groups;
        const ChannelBlock& block = blocks_[static_cast<size_t>(unit / grid().groups)];
        pack_block(w + group * strides.group, strides, block, packed + packed_at(group, block));
      }
    });
  }

  // `add` is backward's, the epilogue forward's.
  void run(int64_t batch, const float* source, const float* packed, const Epilogue& epilogue,
           bool add, float* target, float* scratch) const {
    const int64_t at_once = rows_.rows_at_once();
    const int64_t per_sample = chunk_count(grid().size.h, at_once);
    const int64_t units = batch * per_sample;
    const int64_t cost = at_once * grid().size.w * grid().gathered() * grid().target_channels / 8;
    parallel_for(units, grain_for(units, cost), [&](int64_t begin, int64_t end, int worker) {
      for (int64_t unit = begin; unit < end; ++unit) {
        const int64_t first = unit % per_sample * at_once;
        run_rows(unit / per_sample, first, std::min(first + at_once, grid().size.h), source, packed,
                 epilogue, add, target, scratch + worker * rows_.scratch());
      }
    });
  }

 private:
  const Correlation& grid() const { return rows_.grid(); }
  int64_t packed_block(const ChannelBlock& b) const { return grid().gathered() * b.lanes(); }
  int64_t group_packed() const {
    return grid().gathered() * (blocks_.back().offset + blocks_.back().lanes());
  }
  int64_t packed_at(int64_t group, const ChannelBlock& block) const {
    return group * group_packed() + grid().gathered() * block.offset;
  }

  void pack_block(const float* w, const WeightStrides& strides, const ChannelBlock& block,
                  float* to) const {
    const int64_t lanes = block.lanes(), channels = grid().group_source();
    if (block.count < lanes) std::fill_n(to, packed_block(block), 0.0f);
    for (const Tap& tap : grid().taps) {
      for (int64_t c = 0; c < channels; ++c, to += lanes) {
        const float* from =
            w + tap.index * strides.tap + c * strides.channel + block.first * strides.out;
        if (strides.out == 1) {
          std::copy_n(from, block.count, to);
        } else {
          for (int64_t o = 0; o < block.count; ++o) to[o] = from[o * strides.out];
        }
      }
    }
  }

  // Grid rows [begin, end) of sample n.
  void run_rows(int64_t n, int64_t begin, int64_t end, const float* source, const float* packed,
                const Epilogue& epilogue, bool add, float* target, float* scratch) const {
    const Correlation& g = grid();
    const PaddedRows::Rows rows = rows_.rows(source + n * g.source_count(), begin, end, scratch);
    for (int64_t group = 0; group < g.groups; ++group) {
      for (const ChannelBlock& block : blocks_) {
        const float* weights = packed + packed_at(group, block);
        const int64_t channel = group * g.group_target() + block.first;
        for (int64_t a = begin; a < end; ++a) {
          float* to = g.target_pixel(target, n, a, 0) + channel;
          const int64_t last = block.count - (block.vectors - 1) * block.lanes() / block.vectors;
          run_row(block,
                  {.source = rows.data + (a * g.step.h - rows.first_row) * rows_.row_floats() +
                             group * g.group_source(),
                   .source_pixel = rows_.pixel_stride(),
                   .depth = rows_.depth(a),
                   .offsets = rows_.offsets(),
                   .weights = weights,
                   .epilogue = epilogue.from(to - target, channel),
                   .target = to,
                   .target_pixel = g.place_step.w * g.target_channels,
                   .last_lanes = last,
                   .whole = block.count == block.lanes(),
                   .add = add},
                  g.size.w);
        }
      }
    }
  }

  PaddedRows rows_;
  std::vector<ChannelBlock> blocks_;
};

int64_t padded_weights(const Correlation& grid) {
  return grid.gathered() * padded_channels(grid.group_target());
}

// A tile reads its weights once for all its pixels: wide rows reuse them enough, and so do few
// weights.
bool is_good_choice(const Correlation& grid) {
  constexpr int64_t kMostWeights = int64_t{4} << 20;
  constexpr int64_t kWideRow = 7;
  const int64_t weights = padded_weights(grid);
  if (weights <= kFewWeights) return true;
  return kLanes<WideVector> >= 8 && grid.size.w >= kWideRow &&
         weights <= kMostWeights / grid.groups;
}

// `grid`: the one with the most weights, of those that the `weights` are spread over.
std::string why_direct(const Correlation& grid, int64_t weights) {
  if (padded_weights(grid) > kFewWeights) {
    return fmt::format("rows of {} pixels reuse the weights", grid.size.w);
  }
  const int64_t in = grid.source_channels, out = grid.target_channels;
  if (std::min(in, out) <= 8) return fmt::format("few channels: {} to {}", in, out);
  return fmt::format("only {} weights", with_commas(weights));
}

class DirectForward final : public ConvForward {
 public:
  explicit DirectForward(const ConvShape& shape) : s_(shape), grid_(forward_correlation(shape)) {}
  const char* name() const override { return "direct"; }
  std::string why() const override {
    return why_direct(forward_correlation(s_), s_.weight_count());
  }
  ConvScratch scratch() const override { return {grid_.scratch(), 0}; }
  int64_t derived() const override { return grid_.packed(); }
  void derive(const float* w, float* derived) const override {
    grid_.pack(w, {s_.group_in() * s_.out_channels, s_.out_channels, 1, s_.group_out()}, derived);
  }
  void run(int64_t batch, const float* x, const float*, const Epilogue& epilogue, float* y,
           ConvMemory memory) const override {
    grid_.run(batch, x, memory.derived, epilogue, false, y, memory.threads);
  }

 private:
  ConvShape s_;
  DirectGrid grid_;
};

class DirectBackwardData final : public ConvBackwardData {
 public:
  explicit DirectBackwardData(const ConvShape& shape) : s_(shape) {
    const std::vector<Correlation> grids = backward_correlations(shape);
    covers_ = cover_pixels(grids, shape.in.count());
    for (const Correlation& grid : grids) grids_.emplace_back(grid);
  }
  const char* name() const override { return "direct"; }
  std::string why() const override {
    const std::vector<Correlation> grids = backward_correlations(s_);
    const auto fewer = [](const Correlation& a, const Correlation& b) {
      return padded_weights(a) < padded_weights(b);
    };
    return why_direct(*std::max_element(grids.begin(), grids.end(), fewer), s_.weight_count());
  }
  ConvScratch scratch() const override {
    ConvScratch most;
    for (const DirectGrid& grid : grids_) {
      most.per_thread = std::max(most.per_thread, grid.scratch());
      most.once = std::max(most.once, grid.packed());
    }
    return most;
  }
  void run(int64_t batch, const float* dy, const float* w, bool add, float* dx,
           ConvMemory memory) const override {
    if (!covers_ && !add) {
      fill_rows_parallel(dx, batch * s_.in.h, s_.in.w * s_.in_channels, nullptr);
    }
    for (const DirectGrid& grid : grids_) {
      grid.pack(w, {s_.group_in() * s_.out_channels, 1, s_.out_channels, s_.group_out()},
                memory.once);
      grid.run(batch, dy, memory.once, {}, add, dx, memory.threads);
    }
  }

 private:
  ConvShape s_;
  std::vector<DirectGrid> grids_;
  bool covers_ = true;
};

}  // namespace

std::unique_ptr<ConvForward> make_direct_forward(const ConvShape& shape) {
  if (!shape.is_picture()) return nullptr;
  if (auto pixels = make_direct_pixels_forward(shape)) return pixels;
  return is_good_choice(forward_correlation(shape)) ? std::make_unique<DirectForward>(shape)
                                                    : nullptr;
}

std::unique_ptr<ConvBackwardData> make_direct_backward_data(const ConvShape& shape) {
  if (!shape.is_picture()) return nullptr;
  const std::vector<Correlation> grids = backward_correlations(shape);
  const bool good = std::all_of(grids.begin(), grids.end(), is_good_choice);
  return good ? std::make_unique<DirectBackwardData>(shape) : nullptr;
}

}  // namespace cnn

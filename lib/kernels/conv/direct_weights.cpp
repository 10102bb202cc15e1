// The gradient of a convolution's weights, directly: a run of taps times a vector or two of output
// channels stays in registers while the pixels of a block of rows go by. Blocks of rows are summed
// in up to 16 partial gradients, cut by shape alone and added in order. The larger the gradient,
// the fewer: then its output channels are cut, too, to keep as many threads busy.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/parallel.h"
#include "base/text.h"
#include "kernels/conv/algorithms.h"
#include "kernels/conv/padded_rows.h"
#include "kernels/simd.h"

namespace cnn {
namespace {

constexpr int64_t kUnits = 16;  // partial gradients x cuts of the channels
constexpr int64_t kLeastParts = 4;
constexpr int64_t kAllParts = int64_t{1} << 20;  // floats of them together
constexpr int64_t kLargestPart = int64_t{300} << 10;

// A few taps by one block of output channels, over rows of pixels.
struct Tile {
  const float* source;  // the first tap of the first pixel
  int64_t source_row, source_pixel;
  const float* gradient;  // dy of the first pixel
  int64_t gradient_row, gradient_pixel;
  int64_t rows, width;
  int64_t last_lanes;  // in use in the last vector
  float* sums;         // [taps, lanes], added to
};

template <class V, int kVectors, bool kWhole>
inline void load_gradient(const float* from, int64_t last_lanes, V (&g)[kVectors]) {
  if constexpr (kVectors == 2) g[0] = load<V>(from);
  g[kVectors - 1] = load_lanes<V, kWhole>(from + (kVectors - 1) * kLanes<V>, last_lanes);
}

// kChains pixels at a time have sums of their own: a few sums alone would wait for each other.
template <class V, int kTaps, int kVectors, int kChains, bool kWhole>
void run_tile(const Tile& t) {
  V sums[kChains][kTaps][kVectors] = {};
  for (int64_t row = 0; row < t.rows; ++row) {
    const float* x = t.source + row * t.source_row;
    const float* from = t.gradient + row * t.gradient_row;
    const auto add_pixel = [&](int chain) {
      V g[kVectors];
      load_gradient<V, kVectors, kWhole>(from, t.last_lanes, g);
#pragma GCC unroll 16
      for (int i = 0; i < kTaps; ++i) {
        const V tap = broadcast<V>(x[i]);
#pragma GCC unroll 2
        for (int v = 0; v < kVectors; ++v) sums[chain][i][v] += tap * g[v];
      }
      x += t.source_pixel;
      from += t.gradient_pixel;
    };
    int64_t b = 0;
    for (; b + kChains <= t.width; b += kChains) {
#pragma GCC unroll 4
      for (int chain = 0; chain < kChains; ++chain) add_pixel(chain);
    }
    for (; b < t.width; ++b) add_pixel(0);
  }
#pragma GCC unroll 16
  for (int i = 0; i < kTaps; ++i) {
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      float* to = t.sums + (i * kVectors + v) * kLanes<V>;
      V sum = load<V>(to) + sums[0][i][v];
      for (int chain = 1; chain < kChains; ++chain) sum += sums[chain][i][v];
      store(to, sum);
    }
  }
}

template <int kVectors>
inline constexpr int kMostTaps = kVectorRegisters == 32 ? (kVectors == 1 ? 16 : 12)
                                                        : (kVectors == 1 ? 12 : 6);

template <int kTaps, int kVectors>
inline constexpr int kChainsFor = kTaps* kVectors <= 3   ? 4
                                  : kTaps* kVectors <= 7 ? 2
                                                         : 1;

using TileFunction = void (*)(const Tile&);

template <class V, int kVectors, bool kWhole, int... kTaps>
constexpr auto tile_table(std::integer_sequence<int, kTaps...>) {
  return std::array<TileFunction, sizeof...(kTaps)>{
      run_tile<V, kTaps + 1, kVectors, kChainsFor<kTaps + 1, kVectors>, kWhole>...};
}

// The taps of a run, in tiles of nearly equal size.
template <class V, int kVectors, bool kWhole>
void run_taps(Tile t, int64_t taps) {
  constexpr int kMost = kMostTaps<kVectors>;
  static constexpr auto kTable =
      tile_table<V, kVectors, kWhole>(std::make_integer_sequence<int, kMost>());
  for (int64_t tiles = (taps + kMost - 1) / kMost; tiles > 0; --tiles) {
    const int64_t count = (taps + tiles - 1) / tiles;
    kTable[static_cast<size_t>(count - 1)](t);
    t.source += count;
    t.sums += count * kVectors * kLanes<V>;
    taps -= count;
  }
}

template <class V, int kVectors>
void run_taps(const ChannelBlock& block, const Tile& tile, int64_t taps) {
  if (block.count == block.lanes()) {
    run_taps<V, kVectors, true>(tile, taps);
  } else {
    run_taps<V, kVectors, false>(tile, taps);
  }
}

void run_taps(const ChannelBlock& block, const Tile& tile, int64_t taps) {
  if (!block.wide) {
    run_taps<NarrowVector, 1>(block, tile, taps);
  } else if (block.vectors == 1) {
    run_taps<WideVector, 1>(block, tile, taps);
  } else {
    run_taps<WideVector, 2>(block, tile, taps);
  }
}

// Partial gradients are kept as [group, block, depth, lanes].
class DirectBackwardWeights final : public ConvBackwardWeights {
 public:
  explicit DirectBackwardWeights(const ConvShape& shape)
      : s_(shape),
        rows_(forward_correlation(shape)),
        blocks_(channel_blocks(shape.group_out())),
        group_part_(rows_.grid().gathered() * padded_channels(shape.group_out())),
        parts_(kUnits) {
    while (parts_ > kLeastParts && parts_ * part() > kAllParts) parts_ /= 2;
    cuts_ = std::min<int64_t>(kUnits / parts_, std::ssize(blocks_));
  }

  const char* name() const override { return "direct"; }
  std::string why() const override {
    return fmt::format("partial sums of {} weights", with_commas(s_.weight_count()));
  }
  int64_t part() const { return s_.groups * group_part_; }
  ConvScratch scratch() const override { return {rows_.scratch(), parts_ * part()}; }

  void run(int64_t batch, const float* x, const float* dy, bool add, float* dw,
           ConvMemory memory) const override {
    const int64_t at_once = rows_.rows_at_once();
    const int64_t per_sample = chunk_count(s_.out.h, at_once);
    const int64_t units = batch * per_sample, units_a_part = chunk_count(units, parts_);
    const int64_t parts = chunk_count(units, units_a_part), blocks = std::ssize(blocks_);
    parallel_for(parts * cuts_, 1, [&](int64_t job, int64_t, int worker) {
      const int64_t part_begin = job / cuts_ * units_a_part, cut = job % cuts_;
      const Cut channels{cut * blocks / cuts_, (cut + 1) * blocks / cuts_};
      float* sums = memory.once + job / cuts_ * part();
      clear(channels, sums);
      for (int64_t unit = part_begin; unit < std::min(units, part_begin + units_a_part); ++unit) {
        const int64_t first = unit % per_sample * at_once;
        add_rows(unit / per_sample, first, std::min(first + at_once, s_.out.h), channels, x, dy,
                 sums, memory.threads + worker * rows_.scratch());
      }
    });
    add_parts(memory.once, parts, add, dw);
  }

 private:
  // Blocks of output channels, of every group.
  struct Cut {
    int64_t begin, end;
  };

  void clear(const Cut& cut, float* sums) const {
    const int64_t depth = rows_.grid().gathered();
    const ChannelBlock& last = blocks_[static_cast<size_t>(cut.end - 1)];
    const int64_t first_lane = blocks_[static_cast<size_t>(cut.begin)].offset;
    for (int64_t group = 0; group < s_.groups; ++group) {
      std::fill_n(sums + group * group_part_ + depth * first_lane,
                  depth * (last.offset + last.lanes() - first_lane), 0.0f);
    }
  }

  // Output rows [begin, end) of sample n.
  void add_rows(int64_t n, int64_t begin, int64_t end, const Cut& cut, const float* x,
                const float* dy, float* sums, float* scratch) const {
    const PaddedRows::Rows rows = rows_.rows(x + n * s_.in_count(), begin, end, scratch);
    for (const TapRun& run : rows_.all_runs()) {
      const PaddedRows::Span span = rows_.grid_rows(run, begin, end);
      if (span.begin >= span.end) continue;
      for (int64_t group = 0; group < s_.groups; ++group) {
        for (int64_t b = cut.begin; b < cut.end; ++b) {
          const ChannelBlock& block = blocks_[static_cast<size_t>(b)];
          const int64_t channel = group * s_.group_out() + block.first;
          const int64_t row_size = s_.out.w * s_.out_channels;
          run_taps(block,
                   {.source = rows_.at(rows, span.begin, run) + group * s_.group_in(),
                    .source_row = s_.stride.h * rows_.row_floats(),
                    .source_pixel = rows_.pixel_stride(),
                    .gradient = dy + n * s_.out_count() + span.begin * row_size + channel,
                    .gradient_row = row_size,
                    .gradient_pixel = s_.out_channels,
                    .rows = span.end - span.begin,
                    .width = s_.out.w,
                    .last_lanes = block.count - (block.vectors - 1) * block.lanes() / block.vectors,
                    .sums = sums + group * group_part_ + rows_.grid().gathered() * block.offset +
                            run.first * block.lanes()},
                   run.count);
        }
      }
    }
  }

  // dw (+)= the sum of the parts, in order.
  void add_parts(const float* parts, int64_t count, bool add, float* dw) const {
    const int64_t depth = rows_.grid().gathered();
    parallel_for(depth, grain_for(depth, count * s_.out_channels), [&](int64_t b, int64_t e) {
      for (int64_t k = b; k < e; ++k) {
        for (int64_t group = 0; group < s_.groups; ++group) {
          for (const ChannelBlock& block : blocks_) {
            float* to = dw + k * s_.out_channels + group * s_.group_out() + block.first;
            const float* from =
                parts + group * group_part_ + depth * block.offset + k * block.lanes();
            if (!add) std::fill_n(to, block.count, 0.0f);
            for (int64_t i = 0; i < count; ++i, from += part()) {
              for (int64_t o = 0; o < block.count; ++o) to[o] += from[o];
            }
          }
        }
      }
    });
  }

  ConvShape s_;
  PaddedRows rows_;
  std::vector<ChannelBlock> blocks_;
  int64_t group_part_;
  int64_t parts_;  // partial gradients
  int64_t cuts_ = 1;
};

// Few pixels do not pay for adding the parts.
bool accepts(const ConvShape& s) {
  constexpr int64_t kFewPixels = 16;
  const int64_t part = s.groups * s.taps() * s.group_in() * padded_channels(s.group_out());
  return s.is_picture() && part <= kLargestPart && s.out_pixels() >= kFewPixels &&
         (kLanes<WideVector> >= 8 || part <= kFewWeights);
}

}  // namespace

std::unique_ptr<ConvBackwardWeights> make_direct_backward_weights(const ConvShape& shape) {
  return accepts(shape) ? std::make_unique<DirectBackwardWeights>(shape) : nullptr;
}

}  // namespace cnn

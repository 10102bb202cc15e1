// Tiles are taken from the whole batch. Where there are plenty, and few enough channels that a
// block's numbers stay in a thread's own cache, every thread takes blocks of tiles through all
// three steps. Otherwise all threads share each step for a larger block: the weights, which are
// then many, pass by less often, and a few tiles can occupy many threads.
#include "kernels/conv/winograd_correlation.h"

#include <algorithm>

#include "base/error.h"
#include "base/parallel.h"

namespace cnn {
namespace {

// A block of one thread; weights pass by once for each.
constexpr int64_t kBlockTiles = 32;
constexpr int64_t kBlockPanels = 4;
// A block of all threads.
constexpr int64_t kMostTiles = 256;
constexpr int64_t kMostPanels = 16;
constexpr int64_t kSharedFloats = int64_t{2} << 20;
constexpr int64_t kUnitPanels = 8;  // of one product
// Blocks that one thread takes in turn, if there is so much work for all.
constexpr int64_t kMostBlocks = 8, kLeastChunks = 32;
// Of a block: beside more than this, the cache has no room for the next one's inputs.
constexpr int64_t kMostBlockFloats = int64_t{160} << 10;
// With fewer blocks than this, threads share each.
constexpr int64_t kLeastBlocks = 8;

constexpr int64_t kMostTaps = 25;

int64_t round_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

}  // namespace

WinogradCorrelation::WinogradCorrelation(const WinogradTransform& transform,
                                         const WinogradImage& input, const WinogradImage& output,
                                         const Extents& pad, int64_t groups)
    : transform_(transform), tiles_(transform, input, output, pad), groups_(groups) {
  CNN_ASSERT(transform.taps * transform.taps <= kMostTaps);
  const int64_t in = panel_count(group_in()), out = panel_count(group_out());
  block_.tiles = kBlockTiles;
  block_.panels = std::min(out, kBlockPanels);
  together_.panels = std::min(out, kMostPanels);
  const int64_t tile = transform.positions() * (in + together_.panels) * kPanel;
  together_.tiles = std::clamp(kSharedFloats / tile / 8 * 8, kBlockTiles, kMostTiles);
}

// An odd number of cache lines: the stores of one tile, a position apart, do not meet in one set.
int64_t WinogradCorrelation::position_floats(int64_t panels, int64_t tiles) {
  return (panels * tiles | 1) * kPanel;
}
int64_t WinogradCorrelation::input_floats(const Room& room) const {
  return transform_.positions() * position_floats(panel_count(group_in()), room.tiles);
}
int64_t WinogradCorrelation::product_floats(const Room& room) const {
  return transform_.positions() * position_floats(room.panels, room.tiles);
}
WinogradCorrelation::Room WinogradCorrelation::lend(Room room, float* memory) const {
  room.inputs = memory;
  room.products = memory + input_floats(room);
  return room;
}

ConvScratch WinogradCorrelation::scratch() const {
  return {input_floats(block_) + product_floats(block_),
          input_floats(together_) + product_floats(together_)};
}

void WinogradCorrelation::transform_weights(const float* w, float* to) const {
  const int64_t in = group_in(), out = tiles_.output().channels;
  const int64_t side = transform_.taps, panels = panel_count(group_out());
  const TransformedSquare<float> all{to, panels * in * kPanel, in * kPanel};
  parallel_for(in * groups_, grain_for(in * groups_, transform_.positions() * group_out()),
               [&](int64_t begin, int64_t end) {
                 for (int64_t unit = begin; unit < end; ++unit) {
                   const int64_t group = unit / in, i = unit % in;
                   TransformedSquare<float> at = all;
                   at.data += group * group_weight_floats() + i * kPanel;
                   transform_.weights({w, i * out + group * group_out(), side * in * out, in * out,
                                       0, side, 0, side},
                                      group_out(), at);
                 }
               });
}

// Panels of kPanel x kPanel weights of every tap are turned and transposed first.
void WinogradCorrelation::transform_adjoint_weights(const float* w, float* to) const {
  const int64_t side = transform_.taps, taps = side * side;
  const int64_t in = group_in(), out = group_out(), panels = panel_count(out);
  const int64_t stride = tiles_.input().channels;  // of w
  const int64_t units = groups_ * panels;
  parallel_for(units, 1, [&](int64_t begin, int64_t end) {
    alignas(64) float turned[kMostTaps * kPanel * kPanel] = {};  // [tap, input, output]
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t group = unit / panels, panel = unit % panels;
      const int64_t columns = std::min(kPanel, out - panel * kPanel);
      for (int64_t first = 0; first < in; first += kPanel) {
        const int64_t rows = std::min(kPanel, in - first);
        for (int64_t tap = 0; tap < taps; ++tap) {
          const float* from =
              w + (taps - 1 - tap) * out * stride + panel * kPanel * stride + group * in + first;
          float* block = turned + tap * kPanel * kPanel;
          for (int64_t o = 0; o < columns; ++o) {
            for (int64_t i = 0; i < rows; ++i) block[i * kPanel + o] = from[o * stride + i];
          }
        }
        for (int64_t i = 0; i < rows; ++i) {
          transform_.weights(
              {turned, i * kPanel, side * kPanel * kPanel, kPanel * kPanel, 0, side, 0, side},
              kPanel,
              {to + group * group_weight_floats() + (panel * in + first + i) * kPanel,
               panels * in * kPanel, 0});
        }
      }
    }
  });
}

// Inputs of tiles first + [begin, end).
void WinogradCorrelation::gather(const Job& job, const Room& room, int64_t first, int64_t begin,
                                 int64_t end) const {
  const int64_t position = position_floats(panel_count(group_in()), room.tiles);
  for (int64_t t = begin; t < end; ++t) {
    transform_.input(tiles_.input_square(job.x, first + t), group_in(),
                     {room.inputs + t * kPanel, position, room.tiles * kPanel});
  }
}

// Panels first_panel + [begin, end) of the products of `count` tiles.
void WinogradCorrelation::multiply(const Job& job, const Room& room, int64_t count,
                                   int64_t position, int64_t first_panel, int64_t begin,
                                   int64_t end) const {
  const int64_t in = group_in();
  const int64_t panel = position * panel_count(group_out()) + first_panel + begin;
  multiply_panels(
      count, in, end - begin,
      {room.inputs + position * position_floats(panel_count(in), room.tiles), room.tiles * kPanel},
      {job.weights + panel * in * kPanel, in * kPanel}, false,
      {room.products + position * position_floats(room.panels, room.tiles) +
           begin * room.tiles * kPanel,
       room.tiles * kPanel});
}

// Outputs of tiles first + [begin, end) and of panels first_panel + [0, panels).
void WinogradCorrelation::scatter(const Job& job, const Room& room, int64_t first,
                                  int64_t first_panel, int64_t panels, int64_t begin,
                                  int64_t end) const {
  const int64_t channel = first_panel * kPanel;
  const int64_t channels = std::min(group_out() - channel, panels * kPanel);
  const Epilogue epilogue = job.epilogue.from(channel, channel);
  for (int64_t t = begin; t < end; ++t) {
    transform_.output(
        {room.products + t * kPanel, position_floats(room.panels, room.tiles), room.tiles * kPanel},
        channels, tiles_.output_square(job.y + channel, first + t), epilogue);
  }
}

// Tiles first + [0, count); meanwhile the cache gets what [first + count, end) will read.
void WinogradCorrelation::run_block(const Job& job, const Room& room, int64_t first, int64_t count,
                                    int64_t end) const {
  const int64_t panels = panel_count(group_out());
  const bool fetches = input_floats(room) + product_floats(room) <= kMostBlockFloats;
  const int64_t next = first + count;
  WinogradStretch reads, writes;
  if (fetches) {
    reads = tiles_.input_stretch(next, std::min(next + room.tiles, end));
    writes = tiles_.output_stretch(first, next);
  }
  gather(job, room, first, 0, count);
  for (int64_t panel = 0; panel < panels; panel += room.panels) {
    const int64_t now = std::min(room.panels, panels - panel);
    for (int64_t p = 0; p < transform_.positions(); ++p) {
      multiply(job, room, count, p, panel, 0, now);
      if (panel > 0) continue;
      reads.prefetch<false>(job.x, p, transform_.positions());
      writes.prefetch<true>(job.y, p, transform_.positions());
    }
    scatter(job, room, first, panel, now, 0, count);
  }
}

void WinogradCorrelation::run_together(const Job& job, const Room& room, int64_t tiles) const {
  const int64_t panels = panel_count(group_out());
  const int64_t size = round_up(chunk_count(tiles, chunk_count(tiles, room.tiles)), 8);
  for (int64_t first = 0; first < tiles; first += size) {
    const int64_t count = std::min(size, tiles - first);
    parallel_for(count, grain_for(count, transform_.positions() * group_in(), 256),
                 [&](int64_t begin, int64_t end) { gather(job, room, first, begin, end); });
    for (int64_t panel = 0; panel < panels; panel += room.panels) {
      const int64_t now = std::min(room.panels, panels - panel);
      const int64_t units = chunk_count(now, kUnitPanels);
      parallel_for(transform_.positions() * units, 1, [&](int64_t unit, int64_t) {
        const int64_t begin = unit % units * now / units, end = (unit % units + 1) * now / units;
        multiply(job, room, count, unit / units, panel, begin, end);
      });
      parallel_for(
          count, grain_for(count, transform_.positions() * now * kPanel, 256),
          [&](int64_t begin, int64_t end) { scatter(job, room, first, panel, now, begin, end); });
    }
  }
}

void WinogradCorrelation::run(int64_t batch, const float* x, const float* weights,
                              const Epilogue& epilogue, float* y, const ConvMemory& memory) const {
  const int64_t tiles = batch * tiles_.per_sample();
  const int64_t per_thread = scratch().per_thread;
  for (int64_t group = 0; group < groups_; ++group) {
    const int64_t out = group * group_out();
    const Job job{x + group * group_in(), weights + group * group_weight_floats(),
                  epilogue.from(out, out), y + out};
    if (chunk_count(tiles, block_.tiles) < kLeastBlocks) {
      run_together(job, lend(together_, memory.once), tiles);
      continue;
    }
    const int64_t blocks =
        std::clamp<int64_t>(chunk_count(tiles, block_.tiles) / kLeastChunks, 1, kMostBlocks);
    parallel_for(tiles, blocks * block_.tiles, [&](int64_t begin, int64_t end, int worker) {
      const Room room = lend(block_, memory.threads + worker * per_thread);
      for (int64_t first = begin; first < end; first += room.tiles) {
        run_block(job, room, first, std::min(room.tiles, end - first), end);
      }
    });
  }
}

}  // namespace cnn

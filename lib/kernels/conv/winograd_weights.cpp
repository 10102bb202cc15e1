// Small weights are summed in a few partial copies, each over a run of tiles; of large ones there
// is one sum, whose positions and rows the threads share. Either way the order of the sums is that
// of the tiles.
#include "kernels/conv/winograd_weights.h"

#include <algorithm>

#include "base/parallel.h"
#include "kernels/reduce.h"

namespace cnn {
namespace {

constexpr int64_t kMostParts = 16, kLeastParts = 8;
constexpr int64_t kPartFloats = int64_t{2} << 20;  // of all partial sums
constexpr int64_t kBlockTiles = 64;                // of one thread
// A block of all threads.
constexpr int64_t kMostTiles = 256, kLeastTiles = 64;
constexpr int64_t kSharedFloats = int64_t{3} << 20;
// Of output channels that are summed together: many, as every time the inputs are transformed anew;
// few where one block holds all tiles, so that the sums stay in the cache.
constexpr int64_t kMostPanels = 16, kFewPanels = 8;
constexpr int64_t kUnitRows = 256;  // input channels of one product

}  // namespace

WinogradWeights::WinogradWeights(const WinogradTransform& transform, const WinogradImage& input,
                                 const WinogradImage& output, const Extents& pad, int64_t groups)
    : transform_(transform), tiles_(transform, input, output, pad), groups_(groups) {
  const int64_t in = panel_count(group_in()), out = panel_count(group_out());
  panels_ = out;
  if (const int64_t parts = kPartFloats / sum_floats(); parts >= kLeastParts) {
    parts_ = std::min(parts, kMostParts);
    return;
  }
  panels_ = std::min(out, kMostPanels);
  const int64_t tile = transform.positions() * (in + panels_) * kPanel;
  shared_tiles_ = std::clamp(kSharedFloats / tile / 8 * 8, kLeastTiles, kMostTiles);
}

int64_t WinogradWeights::position_floats(int64_t panels, int64_t tiles) {
  return (panels * tiles | 1) * kPanel;
}
int64_t WinogradWeights::input_floats(int64_t tiles) const {
  return transform_.positions() * position_floats(panel_count(group_in()), tiles);
}
int64_t WinogradWeights::output_floats(int64_t tiles) const {
  return transform_.positions() * position_floats(panels_, tiles);
}
int64_t WinogradWeights::sum_floats() const {
  return transform_.positions() * panels_ * group_in() * kPanel;
}
WinogradWeights::Room WinogradWeights::lend(int64_t tiles, float* memory) const {
  return {tiles, memory, memory + input_floats(tiles)};
}

ConvScratch WinogradWeights::scratch() const {
  if (parts_ > 0) {
    return {input_floats(kBlockTiles) + output_floats(kBlockTiles), parts_ * sum_floats()};
  }
  return {0, sum_floats() + input_floats(shared_tiles_) + output_floats(shared_tiles_)};
}

// Tiles first + [begin, end).
void WinogradWeights::gather_inputs(const Job& job, const Room& room, int64_t first, int64_t begin,
                                    int64_t end) const {
  const int64_t position = position_floats(panel_count(group_in()), room.tiles);
  for (int64_t t = begin; t < end; ++t) {
    transform_.input(tiles_.input_square(job.x, first + t), group_in(),
                     {room.inputs + t * kPanel, position, room.tiles * kPanel});
  }
}

void WinogradWeights::gather_outputs(const Job& job, const Room& room, int64_t first, int64_t begin,
                                     int64_t end) const {
  const int64_t position = position_floats(panels_, room.tiles);
  for (int64_t t = begin; t < end; ++t) {
    transform_.output_adjoint(tiles_.output_square(job.dy, first + t), job.channels,
                              {room.outputs + t * kPanel, position, room.tiles * kPanel});
  }
}

// Rows [begin, end) of the sums at one position: input channels.
void WinogradWeights::multiply(const Job& job, const Room& room, int64_t count, int64_t position,
                               int64_t begin, int64_t end, bool add, float* sums) const {
  const int64_t in = panel_count(group_in());
  multiply_panels_transposed(
      end - begin, count, panel_count(job.channels),
      {room.inputs + position * position_floats(in, room.tiles) +
           begin / kPanel * room.tiles * kPanel,
       room.tiles * kPanel},
      {room.outputs + position * position_floats(panels_, room.tiles), room.tiles * kPanel}, add,
      {sums + (position * panels_ * group_in() + begin) * kPanel, group_in() * kPanel});
}

void WinogradWeights::run_parts(const Job& job, int64_t tiles, const ConvMemory& memory) const {
  const int64_t part = chunk_count(chunk_count(tiles, parts_), kBlockTiles) * kBlockTiles;
  const int64_t per_thread = scratch().per_thread;
  parallel_for(tiles, part, [&](int64_t begin, int64_t end, int worker) {
    const Room room = lend(kBlockTiles, memory.threads + worker * per_thread);
    float* sums = memory.once + begin / part * sum_floats();
    for (int64_t first = begin; first < end; first += kBlockTiles) {
      const int64_t count = std::min(kBlockTiles, end - first);
      gather_inputs(job, room, first, 0, count);
      gather_outputs(job, room, first, 0, count);
      const int64_t next = first + count, after = std::min(next + kBlockTiles, end);
      const WinogradStretch inputs = tiles_.input_stretch(next, after);
      const WinogradStretch outputs = tiles_.output_stretch(next, after);
      for (int64_t p = 0; p < transform_.positions(); ++p) {
        multiply(job, room, count, p, 0, group_in(), first > begin, sums);
        inputs.prefetch<false>(job.x, p, transform_.positions());
        outputs.prefetch<false>(job.dy, p, transform_.positions());
      }
    }
  });
  const int64_t used = chunk_count(tiles, part);
  add_partials(memory.once + sum_floats(), used - 1, sum_floats(), true, memory.once);
  scatter(job, memory.once);
}

void WinogradWeights::run_together(const Job& job, int64_t tiles, float* sums) const {
  const Room room = lend(shared_tiles_, sums + sum_floats());
  const int64_t units = chunk_count(group_in(), kUnitRows);
  for (int64_t first = 0; first < tiles; first += shared_tiles_) {
    const int64_t count = std::min(shared_tiles_, tiles - first);
    // Where all tiles fit, the inputs of the first output channels serve for the others.
    const bool inputs = job.first || tiles > shared_tiles_;
    parallel_for(count, 1, [&](int64_t begin, int64_t end) {
      if (inputs) gather_inputs(job, room, first, begin, end);
      gather_outputs(job, room, first, begin, end);
    });
    parallel_for(transform_.positions() * units, 1, [&](int64_t unit, int64_t) {
      const int64_t begin = unit % units * kUnitRows, end = std::min(begin + kUnitRows, group_in());
      multiply(job, room, count, unit / units, begin, end, first > 0, sums);
    });
  }
  scatter(job, sums);
}

void WinogradWeights::scatter(const Job& job, const float* sums) const {
  const int64_t in = group_in(), out = tiles_.output().channels, side = transform_.taps;
  Epilogue epilogue;
  if (job.add) epilogue.residual = job.dw;
  parallel_for(in, grain_for(in, transform_.positions() * job.channels),
               [&](int64_t begin, int64_t end) {
                 for (int64_t i = begin; i < end; ++i) {
                   transform_.weights_adjoint(
                       {sums + i * kPanel, panels_ * in * kPanel, in * kPanel}, job.channels,
                       {job.dw, i * out, side * in * out, in * out, 0, side, 0, side}, epilogue);
                 }
               });
}

void WinogradWeights::run(int64_t batch, const float* x, const float* dy, bool add, float* dw,
                          const ConvMemory& memory) const {
  const int64_t tiles = batch * tiles_.per_sample();
  const bool few = parts_ == 0 && tiles <= shared_tiles_;
  const int64_t width = kPanel * (few ? std::min(panels_, kFewPanels) : panels_);
  for (int64_t group = 0; group < groups_; ++group) {
    for (int64_t channel = 0; channel < group_out(); channel += width) {
      const int64_t place = group * group_out() + channel;
      const Job job{x + group * group_in(),
                    dy + place,
                    add,
                    dw + place,
                    std::min(width, group_out() - channel),
                    channel == 0};
      if (parts_ > 0) {
        run_parts(job, tiles, memory);
      } else {
        run_together(job, tiles, memory.once);
      }
    }
  }
}

}  // namespace cnn

#include "kernels/patches.h"

#include <algorithm>

#include "base/parallel.h"
#include "kernels/gemm.h"

namespace cnn {
namespace {

constexpr int64_t kLeastChannels = 16;  // below, sums in registers are faster than matrix products
constexpr int64_t kPixels = 256;        // of a tile, half of it if there are few
constexpr int64_t kColumns = 512;
constexpr int64_t kWantedTiles = 16;
constexpr int64_t kWeightFloats = 1 << 20;  // of gathered patches between two products

}  // namespace

// Pixels [first, first + count) of the grid, columns [begin, end) of their patches.
struct Patches::Tile {
  int64_t first = 0, count = 0;
  int64_t begin = 0, end = 0;
  int64_t width() const { return end - begin; }
};

bool Patches::accepts(const ConvShape& s) {
  return s.is_picture() && s.kernel == s.stride && s.dilation == Extents::all(1) &&
         s.pad == Extents::all(0) && s.groups == 1 && s.in.h == s.out.h * s.kernel.h &&
         s.in.w == s.out.w * s.kernel.w && s.in_channels >= kLeastChannels &&
         s.out_channels >= kLeastChannels;
}

// visit(image offset, tile offset, column, count) for numbers that lie side by side in both.
template <class Visit>
void Patches::for_each_run(const Tile& tile, Visit visit) const {
  const int64_t run = s_.kernel.w * s_.in_channels, row = s_.in.w * s_.in_channels;
  for (int64_t i = 0; i < tile.count; ++i) {
    const int64_t p = tile.first + i, line = p / s_.out.w;  // lines of all samples
    const int64_t corner = line * s_.kernel.h * row + p % s_.out.w * run;
    for (int64_t d = tile.begin; d < tile.end;) {
      const int64_t ky = d / run, end = std::min((ky + 1) * run, tile.end);
      visit(corner + ky * row + d - ky * run, i * tile.width() + d - tile.begin, d, end - d);
      d = end;
    }
  }
}

int64_t Patches::tile_pixels(int64_t pixels, int64_t columns) const {
  const int64_t tiles = chunk_count(pixels, kPixels) * chunk_count(columns, kColumns);
  return tiles >= kWantedTiles ? kPixels : kPixels / 2;
}

ConvScratch Patches::scratch() const { return {kPixels * std::min(kColumns, depth()), 0}; }

void Patches::spread(int64_t batch, const float* values, const float* w, const float* bias,
                     float* image, ConvMemory memory) const {
  const int64_t pixels = batch * s_.out_pixels(), block = tile_pixels(pixels, depth());
  const int64_t across = chunk_count(depth(), kColumns), in = s_.in_channels, out = s_.out_channels;
  const int64_t per_thread = scratch().per_thread;
  parallel_for(chunk_count(pixels, block) * across, 1, [&](int64_t unit, int64_t, int worker) {
    float* product = memory.threads + worker * per_thread;
    Tile tile{unit / across * block, 0, unit % across * kColumns, 0};
    tile.count = std::min(block, pixels - tile.first);
    tile.end = std::min(tile.begin + kColumns, depth());
    gemm_serial(Op::kNone, Op::kTranspose, tile.count, tile.width(), out, 1,
                values + tile.first * out, out, w + tile.begin * out, out, 0, product,
                tile.width());
    for_each_run(tile, [&](int64_t to, int64_t from, int64_t d, int64_t count) {
      if (!bias) {
        std::copy_n(product + from, count, image + to);
        return;
      }
      for (int64_t k = 0; k < count;) {  // channel by channel, pixel after pixel
        const int64_t channel = (d + k) % in, some = std::min(in - channel, count - k);
        const float *x = product + from + k, *b = bias + channel;
        float* y = image + to + k;
        for (int64_t c = 0; c < some; ++c) y[c] = x[c] + b[c];
        k += some;
      }
    });
  });
}

void Patches::gather(int64_t batch, const float* image, const float* w, bool add, float* values,
                     ConvMemory memory) const {
  const int64_t out = s_.out_channels;
  const int64_t pixels = batch * s_.out_pixels(), block = tile_pixels(pixels, out);
  const int64_t across = chunk_count(out, kColumns), per_thread = scratch().per_thread;
  parallel_for(chunk_count(pixels, block) * across, 1, [&](int64_t unit, int64_t, int worker) {
    float* patches = memory.threads + worker * per_thread;
    Tile tile{unit / across * block, 0, 0, 0};
    tile.count = std::min(block, pixels - tile.first);
    const int64_t column = unit % across * kColumns, columns = std::min(kColumns, out - column);
    for (; tile.begin < depth(); tile.begin = tile.end) {
      tile.end = std::min(tile.begin + kColumns, depth());
      for_each_run(tile, [&](int64_t from, int64_t to, int64_t, int64_t count) {
        std::copy_n(image + from, count, patches + to);
      });
      gemm_serial(Op::kNone, Op::kNone, tile.count, columns, tile.width(), 1, patches, tile.width(),
                  w + tile.begin * out + column, out, add || tile.begin > 0 ? 1 : 0,
                  values + tile.first * out + column, out);
    }
  });
}

int64_t Patches::weights_pixels() const {
  return std::max(kPixels, std::min(kWeightFloats / depth(), int64_t{16} * kPixels));
}

ConvScratch Patches::weights_scratch() const {
  return {0, weights_pixels() * depth() + gemm_partials(depth(), s_.out_channels)};
}

void Patches::weights(int64_t batch, const float* image, const float* values, bool add, float* dw,
                      ConvMemory memory) const {
  const int64_t pixels = batch * s_.out_pixels(), block = weights_pixels();
  const int64_t out = s_.out_channels;
  float *patches = memory.once, *partials = memory.once + block * depth();
  for (int64_t first = 0; first < pixels; first += block) {
    const int64_t count = std::min(block, pixels - first);
    parallel_for(count, grain_for(count, depth()), [&](int64_t begin, int64_t end) {
      for_each_run({first + begin, end - begin, 0, depth()},
                   [&](int64_t from, int64_t to, int64_t, int64_t n) {
                     std::copy_n(image + from, n, patches + begin * depth() + to);
                   });
    });
    gemm(Op::kTranspose, Op::kNone, depth(), out, count, 1, patches, depth(), values + first * out,
         out, add || first > 0 ? 1 : 0, dw, out, partials);
  }
}

}  // namespace cnn

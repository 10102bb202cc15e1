// How the outputs of a convolution are cut into tiles, and which pixels a tile reads.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/conv/winograd_transforms.h"
#include "tensor/shape.h"

namespace cnn {

struct WinogradImage {
  int64_t height = 1, width = 1;
  int64_t channels = 1;  // of all groups
  int64_t count() const { return height * width * channels; }
};

// Whole rows of a batch, as floats from its start.
struct WinogradStretch {
  int64_t begin = 0, end = 0;

  // Asks for one of `shares` parts ahead of its use.
  template <bool kToWrite>
  void prefetch(const float* base, int64_t share, int64_t shares) const {
    constexpr int64_t kLine = 64 / sizeof(float);
    const int64_t lines = (end - begin) / kLine;
    for (int64_t i = lines * share / shares; i < lines * (share + 1) / shares; ++i) {
      __builtin_prefetch(base + begin + i * kLine, kToWrite ? 1 : 0, 2);
    }
  }
};

// Tile t of a batch: sample by sample, in rows. Tiles at the lower and right edges may hang over.
class WinogradTiles {
 public:
  // Output (a, b) reads inputs from (a - pad.h, b - pad.w) on; pad may be negative.
  WinogradTiles(const WinogradTransform& transform, const WinogradImage& input,
                const WinogradImage& output, const Extents& pad)
      : tile_(transform.tile),
        side_(transform.side()),
        input_(input),
        output_(output),
        pad_(pad),
        high_((output.height + tile_ - 1) / tile_),
        wide_((output.width + tile_ - 1) / tile_) {}

  int64_t per_sample() const { return high_ * wide_; }
  // What tiles [begin, end) read and write.
  WinogradStretch input_stretch(int64_t begin, int64_t end) const {
    return stretch(input_, begin, end, side_, pad_.h);
  }
  WinogradStretch output_stretch(int64_t begin, int64_t end) const {
    return stretch(output_, begin, end, tile_, 0);
  }
  const WinogradImage& input() const { return input_; }
  const WinogradImage& output() const { return output_; }

  Square<const float> input_square(const float* x, int64_t t) const {
    return square(x, input_, t, side_, pad_);
  }
  template <class Float>
  Square<Float> output_square(Float* y, int64_t t) const {
    return square(y, output_, t, tile_, Extents::all(0));
  }

 private:
  template <class Float>
  Square<Float> square(Float* base, const WinogradImage& image, int64_t t, int64_t side,
                       const Extents& pad) const {
    const int64_t sample = t / per_sample(), row = t % per_sample() / wide_ * tile_ - pad.h;
    const int64_t column = t % wide_ * tile_ - pad.w;
    return {base,
            sample * image.count() + (row * image.width + column) * image.channels,
            image.width * image.channels,
            image.channels,
            std::max<int64_t>(0, -row),
            std::min(side, image.height - row),
            std::max<int64_t>(0, -column),
            std::min(side, image.width - column)};
  }

  WinogradStretch stretch(const WinogradImage& image, int64_t begin, int64_t end, int64_t side,
                          int64_t pad) const {
    if (begin >= end) return {};
    const auto row_of = [&](int64_t t, int64_t row) {
      return t / per_sample() * image.height +
             std::clamp(t % per_sample() / wide_ * tile_ - pad + row, int64_t{0}, image.height);
    };
    const int64_t row = image.width * image.channels;
    return {row_of(begin, 0) * row, row_of(end - 1, side) * row};
  }

  int64_t tile_, side_;
  WinogradImage input_, output_;
  Extents pad_;
  int64_t high_, wide_;
};

}  // namespace cnn

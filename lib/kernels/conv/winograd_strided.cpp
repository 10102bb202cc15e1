// Winograd's products for strides. Squares of stride x stride pixels become single pixels with as
// many times the channels, and the kernel, filled up with zeros to whole strides, one of
// ceil(kernel / stride) taps a side: a convolution without stride (space to depth). 11x11 with
// stride 4 is 3x3 over 16 times the channels, 7x7 with stride 2 is 4x4 over 4 times.
//
// A few samples are folded at a time. The gradient to the data is not done here: the layers that
// gain have few input channels, and these are first in their networks.
#include <fmt/core.h>

#include <algorithm>

#include "base/parallel.h"
#include "kernels/conv/algorithms.h"
#include "kernels/conv/winograd.h"
#include "kernels/conv/winograd_correlation.h"
#include "kernels/conv/winograd_weights.h"
#include "kernels/simd.h"

namespace cnn {
namespace {

int64_t taps_of(int64_t kernel, int64_t stride) { return (kernel + stride - 1) / stride; }

// The convolution without stride that computes the same outputs.
class Folding {
 public:
  explicit Folding(const ConvShape& s)
      : s_(s),
        taps_(taps_of(s.kernel.h, s.stride.h)),
        image_{s.out.h + taps_ - 1, s.out.w + taps_ - 1, s.stride.h * s.stride.w * s.in_channels},
        samples_(std::clamp<int64_t>(kFoldedFloats / image_.count(), 1, kMostSamples)) {}

  const ConvShape& shape() const { return s_; }
  const WinogradImage& image() const { return image_; }
  WinogradImage output() const { return {s_.out.h, s_.out.w, s_.out_channels}; }
  int64_t weight_count() const { return taps_ * taps_ * image_.channels * s_.out_channels; }
  int64_t samples() const { return samples_; }  // that are folded at a time
  int64_t floats() const { return samples_ * image_.count(); }

  // [samples, height, width, channels], the channels being [stride.h, stride.w, in_channels].
  void fold(int64_t samples, const float* x, float* to) const {
    const int64_t rows = samples * image_.height, row = image_.width * image_.channels;
    parallel_for(rows, grain_for(rows, row), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const float* image = x + i / image_.height * s_.in_count();
        for (int64_t p = 0; p < s_.stride.h; ++p) {
          fold_row(image, i % image_.height * s_.stride.h + p - s_.pad.h,
                   to + i * row + p * s_.stride.w * s_.in_channels);
        }
      }
    });
  }

  // [taps, taps, channels, out_channels] from the layer's weights.
  void fold_weights(const float* w, float* to) const {
    std::fill_n(to, weight_count(), 0.0f);
    each_tap([&](int64_t own, int64_t folded, int64_t count) {
      std::copy_n(w + own, count, to + folded);
    });
  }
  void unfold_weights(const float* from, bool add, float* w) const {
    each_tap([&](int64_t own, int64_t folded, int64_t count) {
      if (!add) {
        std::copy_n(from + folded, count, w + own);
        return;
      }
      for (int64_t i = 0; i < count; ++i) w[own + i] += from[folded + i];
    });
  }

 private:
  static constexpr int64_t kFoldedFloats = int64_t{1} << 20;
  static constexpr int64_t kMostSamples = 16;

  // Row y of an image, which may be outside; squares are image_.channels apart.
  void fold_row(const float* image, int64_t y, float* to) const {
    const int64_t channels = s_.in_channels, piece = s_.stride.w * channels;
    const bool is_inside = y >= 0 && y < s_.in.h;
    const float* row = image + y * s_.in.w * channels;
    for (int64_t j = 0; j < image_.width; ++j, to += image_.channels) {
      const int64_t x = j * s_.stride.w - s_.pad.w;
      const int64_t begin = std::clamp<int64_t>(-x, 0, s_.stride.w) * channels;
      const int64_t end = std::clamp(s_.in.w - x, int64_t{0}, s_.stride.w) * channels;
      if (!is_inside || begin >= end) {
        zero_few(to, piece);
        continue;
      }
      zero_few(to, begin);
      copy_few(row + x * channels + begin, end - begin, to + begin);
      zero_few(to + end, piece - end);
    }
  }

  // use(own, folded, count): the numbers of a tap, for every tap of the layer's kernel.
  template <class Use>
  void each_tap(Use use) const {
    const int64_t count = s_.in_channels * s_.out_channels;
    for (int64_t y = 0; y < s_.kernel.h; ++y) {
      for (int64_t x = 0; x < s_.kernel.w; ++x) {
        const int64_t tap = y / s_.stride.h * taps_ + x / s_.stride.w;
        const int64_t square = y % s_.stride.h * s_.stride.w + x % s_.stride.w;
        use((y * s_.kernel.w + x) * count, (tap * s_.stride.h * s_.stride.w + square) * count,
            count);
      }
    }
  }

  ConvShape s_;
  int64_t taps_;
  WinogradImage image_;
  int64_t samples_;
};

// Products of the transform for a pixel and channel of the layer's input, beside those of the
// kernel's taps.
double gain_of(const WinogradTransform& t, const ConvShape& s) {
  const Folding folding(s);
  const WinogradImage out = folding.output();
  const WinogradTiles tiles(t, folding.image(), out, Extents::all(0));
  const auto folded =
      static_cast<double>(tiles.per_sample() * t.positions() * folding.image().channels);
  return static_cast<double>(s.taps() * s.in_channels * out.height * out.width) / folded;
}

std::string why_folded(const WinogradTransform& t, const ConvShape& s) {
  return fmt::format("stride folded into {} channels, {:.1f}x fewer products",
                     Folding(s).image().channels, gain_of(t, s));
}

class StridedForward final : public ConvForward {
 public:
  StridedForward(const WinogradTransform& transform, const ConvShape& s)
      : folding_(s),
        correlation_(transform, folding_.image(), folding_.output(), Extents::all(0), 1) {}
  const char* name() const override { return correlation_.transform().name; }
  std::string why() const override {
    return why_folded(correlation_.transform(), folding_.shape());
  }
  ConvScratch scratch() const override {
    const ConvScratch own = correlation_.scratch();
    return {own.per_thread, own.once + folding_.floats()};
  }
  // The transformed weights, and the folded ones behind them.
  int64_t derived() const override {
    return correlation_.weight_floats() + folding_.weight_count();
  }
  void derive(const float* w, float* derived) const override {
    float* folded = derived + correlation_.weight_floats();
    folding_.fold_weights(w, folded);
    correlation_.transform_weights(folded, derived);
  }
  void run(int64_t batch, const float* x, const float*, const Epilogue& epilogue, float* y,
           ConvMemory memory) const override {
    float* folded = memory.once + correlation_.scratch().once;
    for (int64_t first = 0; first < batch; first += folding_.samples()) {
      const int64_t count = std::min(folding_.samples(), batch - first);
      const int64_t at = first * folding_.shape().out_count();
      folding_.fold(count, x + first * folding_.shape().in_count(), folded);
      correlation_.run(count, folded, memory.derived, epilogue.from(at, 0), y + at, memory);
    }
  }

 private:
  Folding folding_;
  WinogradCorrelation correlation_;
};

class StridedBackwardWeights final : public ConvBackwardWeights {
 public:
  StridedBackwardWeights(const WinogradTransform& transform, const ConvShape& s)
      : folding_(s), weights_(transform, folding_.image(), folding_.output(), Extents::all(0), 1) {}
  const char* name() const override { return weights_.transform().name; }
  std::string why() const override { return why_folded(weights_.transform(), folding_.shape()); }
  ConvScratch scratch() const override {
    const ConvScratch own = weights_.scratch();
    return {own.per_thread, own.once + folding_.weight_count() + folding_.floats()};
  }
  void run(int64_t batch, const float* x, const float* dy, bool add, float* dw,
           ConvMemory memory) const override {
    float* gradient = memory.once + weights_.scratch().once;
    float* folded = gradient + folding_.weight_count();
    for (int64_t first = 0; first < batch; first += folding_.samples()) {
      const int64_t count = std::min(folding_.samples(), batch - first);
      folding_.fold(count, x + first * folding_.shape().in_count(), folded);
      weights_.run(count, folded, dy + first * folding_.shape().out_count(), first > 0, gradient,
                   memory);
    }
    folding_.unfold_weights(gradient, add, dw);
  }

 private:
  Folding folding_;
  WinogradWeights weights_;
};

// Null if no transform has so many taps.
const WinogradTransform* transform_for(const ConvShape& s) {
  const int64_t taps = taps_of(s.kernel.h, s.stride.h);
  const bool accepts = s.is_picture() && s.groups == 1 && s.dilation == Extents::all(1) &&
                       taps == taps_of(s.kernel.w, s.stride.w);
  if (!accepts) return nullptr;
  return taps == 3 ? &kWinograd4x4 : taps == 4 ? &kWinograd3x3of4 : nullptr;
}

// Few channels leave lanes idle; many are gathered at the price of the products.
bool is_good_choice(const ConvShape& s) {
  constexpr int64_t kLeastIn = 12, kMostIn = 64, kLeastOut = 16;
  constexpr double kLeastGain = 2;
  const int64_t squares = s.stride.h * s.stride.w;
  if (squares == 1 || s.in_channels > kMostIn / squares || s.out_channels < kLeastOut) return false;
  const WinogradTransform* transform = transform_for(s);
  return transform != nullptr && s.in_channels * squares >= kLeastIn &&
         gain_of(*transform, s) >= kLeastGain;
}

}  // namespace

std::unique_ptr<ConvForward> make_folded_winograd_forward(const ConvShape& s) {
  const WinogradTransform* transform = transform_for(s);
  return transform ? std::make_unique<StridedForward>(*transform, s) : nullptr;
}
std::unique_ptr<ConvBackwardWeights> make_folded_winograd_backward_weights(const ConvShape& s) {
  const WinogradTransform* transform = transform_for(s);
  return transform ? std::make_unique<StridedBackwardWeights>(*transform, s) : nullptr;
}

std::unique_ptr<ConvForward> make_winograd_strided_forward(const ConvShape& s) {
  return is_good_choice(s) ? make_folded_winograd_forward(s) : nullptr;
}
std::unique_ptr<ConvBackwardWeights> make_winograd_strided_backward_weights(const ConvShape& s) {
  return is_good_choice(s) ? make_folded_winograd_backward_weights(s) : nullptr;
}

}  // namespace cnn

#include "kernels/conv/winograd.h"

#include <fmt/core.h>

#include <algorithm>

#include "kernels/conv/algorithms.h"
#include "kernels/conv/winograd_correlation.h"
#include "kernels/conv/winograd_weights.h"

namespace cnn {
namespace {

WinogradImage input_of(const ConvShape& s) { return {s.in.h, s.in.w, s.in_channels}; }
WinogradImage output_of(const ConvShape& s) { return {s.out.h, s.out.w, s.out_channels}; }

// Products for each input and output channel of one sample whose outputs are height x width.
int64_t products(const WinogradTransform& t, int64_t height, int64_t width) {
  const int64_t high = (height + t.tile - 1) / t.tile, wide = (width + t.tile - 1) / t.tile;
  return high * wide * t.positions();
}

// "4.0x fewer products" for outputs of this size.
std::string fewer_products(const WinogradTransform& t, int64_t height, int64_t width) {
  const auto plain = static_cast<double>(t.taps * t.taps * height * width);
  return fmt::format("{:.1f}x fewer products",
                     plain / static_cast<double>(products(t, height, width)));
}

class WinogradForward final : public ConvForward {
 public:
  WinogradForward(const WinogradTransform& transform, const ConvShape& s)
      : s_(s), correlation_(transform, input_of(s), output_of(s), s.pad, s.groups) {}
  const char* name() const override { return correlation_.transform().name; }
  std::string why() const override {
    return fewer_products(correlation_.transform(), s_.out.h, s_.out.w);
  }
  ConvScratch scratch() const override { return correlation_.scratch(); }
  int64_t derived() const override { return correlation_.weight_floats(); }
  void derive(const float* w, float* derived) const override {
    correlation_.transform_weights(w, derived);
  }
  void run(int64_t batch, const float* x, const float*, const Epilogue& epilogue, float* y,
           ConvMemory memory) const override {
    correlation_.run(batch, x, memory.derived, epilogue, y, memory);
  }

 private:
  ConvShape s_;
  WinogradCorrelation correlation_;
};

// The gradient to the data is the correlation of dy with the weights turned by 180 degrees.
class WinogradBackwardData final : public ConvBackwardData {
 public:
  WinogradBackwardData(const WinogradTransform& transform, const ConvShape& s)
      : s_(s),
        correlation_(transform, output_of(s), input_of(s),
                     Extents::picture_pad(s.kernel.h - 1 - s.pad.h, s.kernel.w - 1 - s.pad.w),
                     s.groups) {}
  const char* name() const override { return correlation_.transform().name; }
  std::string why() const override {
    return fewer_products(correlation_.transform(), s_.in.h, s_.in.w);
  }
  ConvScratch scratch() const override {
    const ConvScratch own = correlation_.scratch();
    return {own.per_thread, own.once + correlation_.weight_floats()};
  }
  void run(int64_t batch, const float* dy, const float* w, bool add, float* dx,
           ConvMemory memory) const override {
    float* weights = memory.once + correlation_.scratch().once;
    correlation_.transform_adjoint_weights(w, weights);
    Epilogue epilogue;
    if (add) epilogue.residual = dx;
    correlation_.run(batch, dy, weights, epilogue, dx, memory);
  }

 private:
  ConvShape s_;
  WinogradCorrelation correlation_;
};

class WinogradBackwardWeights final : public ConvBackwardWeights {
 public:
  WinogradBackwardWeights(const WinogradTransform& transform, const ConvShape& s)
      : s_(s), weights_(transform, input_of(s), output_of(s), s.pad, s.groups) {}
  const char* name() const override { return weights_.transform().name; }
  std::string why() const override {
    return fewer_products(weights_.transform(), s_.out.h, s_.out.w);
  }
  ConvScratch scratch() const override { return weights_.scratch(); }
  void run(int64_t batch, const float* x, const float* dy, bool add, float* dw,
           ConvMemory memory) const override {
    weights_.run(batch, x, dy, add, dw, memory);
  }

 private:
  ConvShape s_;
  WinogradWeights weights_;
};

constexpr int64_t kLeastChannels = 16;              // else direct is as fast
constexpr int64_t kMostWeights = int64_t{1} << 40;  // so that no size overflows

// The transform with the fewest products for outputs (or, backward, inputs) of this size; null if
// the transforms would cost what the products save. Little tiles win a tie: they round less.
const WinogradTransform* choose(const ConvShape& s, int64_t height, int64_t width) {
  if (std::min(s.group_in(), s.group_out()) < kLeastChannels || s.weight_count() > kMostWeights) {
    return nullptr;
  }
  const WinogradTransform* best = nullptr;
  int64_t fewest = 2 * s.taps() * height * width / 3;
  for (const WinogradTransform* t :
       {&kWinograd4x4, &kWinograd2x2, &kWinograd3x3of4, &kWinograd4x4of5, &kWinograd2x2of5}) {
    if (!winograd_accepts(*t, s) || products(*t, height, width) > fewest) continue;
    fewest = products(*t, height, width);
    best = t;
  }
  return best;
}

}  // namespace

bool winograd_accepts(const WinogradTransform& transform, const ConvShape& s) {
  return s.is_picture() && s.kernel == Extents::picture(transform.taps, transform.taps) &&
         s.stride == Extents::all(1) && s.dilation == Extents::all(1);
}

std::unique_ptr<ConvForward> make_winograd_forward(const WinogradTransform& transform,
                                                   const ConvShape& s) {
  return winograd_accepts(transform, s) ? std::make_unique<WinogradForward>(transform, s) : nullptr;
}
std::unique_ptr<ConvBackwardData> make_winograd_backward_data(const WinogradTransform& transform,
                                                              const ConvShape& s) {
  return winograd_accepts(transform, s) ? std::make_unique<WinogradBackwardData>(transform, s)
                                        : nullptr;
}
std::unique_ptr<ConvBackwardWeights> make_winograd_backward_weights(
    const WinogradTransform& transform, const ConvShape& s) {
  return winograd_accepts(transform, s) ? std::make_unique<WinogradBackwardWeights>(transform, s)
                                        : nullptr;
}

std::unique_ptr<ConvForward> make_winograd_forward(const ConvShape& s) {
  const WinogradTransform* transform = choose(s, s.out.h, s.out.w);
  return transform ? make_winograd_forward(*transform, s) : nullptr;
}
std::unique_ptr<ConvBackwardData> make_winograd_backward_data(const ConvShape& s) {
  const WinogradTransform* transform = choose(s, s.in.h, s.in.w);
  return transform ? make_winograd_backward_data(*transform, s) : nullptr;
}
std::unique_ptr<ConvBackwardWeights> make_winograd_backward_weights(const ConvShape& s) {
  const WinogradTransform* transform = choose(s, s.out.h, s.out.w);
  return transform ? make_winograd_backward_weights(*transform, s) : nullptr;
}

}  // namespace cnn

// 1x1 convolutions at stride 1, of pictures and volumes: every pixel is a row of one matrix
// product.
#include "kernels/conv/algorithms.h"
#include "kernels/gemm.h"

namespace cnn {
namespace {

bool is_pointwise(const ConvShape& s) {
  return s.taps() == 1 && s.stride == Extents::all(1) && s.pad == Extents::all(0) &&
         s.groups == 1 && s.out == s.in;
}

class PointwiseForward final : public ConvForward {
 public:
  explicit PointwiseForward(const ConvShape& shape) : s_(shape) {}
  const char* name() const override { return "pointwise"; }
  std::string why() const override { return "1x1: one matrix product"; }
  ConvScratch scratch() const override { return {}; }
  void run(int64_t batch, const float* x, const float* w, const Epilogue& epilogue, float* y,
           ConvMemory) const override {
    gemm(Op::kNone, Op::kNone, batch * s_.out_pixels(), s_.out_channels, s_.in_channels, x,
         s_.in_channels, w, s_.out_channels, epilogue, y, s_.out_channels);
  }

 private:
  ConvShape s_;
};

class PointwiseBackwardData final : public ConvBackwardData {
 public:
  explicit PointwiseBackwardData(const ConvShape& shape) : s_(shape) {}
  const char* name() const override { return "pointwise"; }
  std::string why() const override { return "1x1: one matrix product"; }
  ConvScratch scratch() const override { return {}; }
  void run(int64_t batch, const float* dy, const float* w, bool add, float* dx,
           ConvMemory) const override {
    gemm(Op::kNone, Op::kTranspose, batch * s_.out_pixels(), s_.in_channels, s_.out_channels, 1, dy,
         s_.out_channels, w, s_.out_channels, add ? 1 : 0, dx, s_.in_channels);
  }

 private:
  ConvShape s_;
};

class PointwiseBackwardWeights final : public ConvBackwardWeights {
 public:
  explicit PointwiseBackwardWeights(const ConvShape& shape) : s_(shape) {}
  const char* name() const override { return "pointwise"; }
  std::string why() const override { return "1x1: one matrix product"; }
  ConvScratch scratch() const override {
    return {0, gemm_partials(s_.in_channels, s_.out_channels)};
  }
  void run(int64_t batch, const float* x, const float* dy, bool add, float* dw,
           ConvMemory memory) const override {
    gemm(Op::kTranspose, Op::kNone, s_.in_channels, s_.out_channels, batch * s_.out_pixels(), 1, x,
         s_.in_channels, dy, s_.out_channels, add ? 1 : 0, dw, s_.out_channels, memory.once);
  }

 private:
  ConvShape s_;
};

}  // namespace

std::unique_ptr<ConvForward> make_pointwise_forward(const ConvShape& shape) {
  return is_pointwise(shape) ? std::make_unique<PointwiseForward>(shape) : nullptr;
}
std::unique_ptr<ConvBackwardData> make_pointwise_backward_data(const ConvShape& shape) {
  return is_pointwise(shape) ? std::make_unique<PointwiseBackwardData>(shape) : nullptr;
}
std::unique_ptr<ConvBackwardWeights> make_pointwise_backward_weights(const ConvShape& shape) {
  return is_pointwise(shape) ? std::make_unique<PointwiseBackwardWeights>(shape) : nullptr;
}

}  // namespace cnn

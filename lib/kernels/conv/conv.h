// Convolution over channels-last values, forward and both backward products.
//
//   y[n, a, b, o] = sum over ky, kx, i of
//       x[n, a*stride.h - pad.h + ky*dilation.h, b*stride.w - pad.w + kx*dilation.w, i]
//       * w[ky, kx, i, o]                                              (zeros outside the image)
//
// and what an Epilogue adds: bias, residual, rectifier (kernels/epilogue.h).
//
// Weights are stored [kernel.h, kernel.w, in_channels / groups, out_channels]; output channels of
// group g read input channels of group g. Several algorithms stand behind it, one file each; each
// of the three products takes the first that accepts the shape, fastest first (conv.cpp).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "kernels/epilogue.h"
#include "tensor/shape.h"

namespace cnn {

struct ConvShape {
  int64_t in_channels = 1, in_height = 1, in_width = 1;
  int64_t out_channels = 1, out_height = 1, out_width = 1;
  Pair kernel;
  Pair stride;
  Pair pad{0, 0};  // top and left; below and to the right whatever the output's size needs
  Pair dilation;
  int64_t groups = 1;

  int64_t group_in() const { return in_channels / groups; }
  int64_t group_out() const { return out_channels / groups; }
  int64_t taps() const { return kernel.h * kernel.w; }
  int64_t in_count() const { return in_channels * in_height * in_width; }
  int64_t out_count() const { return out_channels * out_height * out_width; }
  int64_t out_pixels() const { return out_height * out_width; }
  int64_t weight_count() const { return taps() * group_in() * out_channels; }
};

// Booked working memory in floats, whatever the batch.
struct ConvScratch {
  int64_t per_thread = 0;
  int64_t once = 0;
};

// The same, lent: `threads` has threads() blocks of per_thread floats. `derived`: the weights as
// ConvForward::derive() wrote them.
struct ConvMemory {
  float* threads = nullptr;
  float* once = nullptr;
  const float* derived = nullptr;
};

// One algorithm's way to do one of the three products for one shape. Immutable.
class ConvAlgorithm {
 public:
  virtual ~ConvAlgorithm() = default;
  virtual const char* name() const = 0;
  // What speaks for it at this shape, in a few words: "4.0x fewer products".
  virtual std::string why() const = 0;
  virtual ConvScratch scratch() const = 0;
};

class ConvForward : public ConvAlgorithm {
 public:
  // An algorithm that wants its weights in another form: the floats of that form, and how to get
  // them (on all threads). `run` then reads memory.derived, and never `w`, which may be null.
  // They are kept for as long as the weights stay the same.
  virtual int64_t derived() const { return 0; }
  virtual void derive(const float* /*w*/, float* /*derived*/) const {}
  // y is overwritten; epilogue.residual may be y.
  virtual void run(int64_t batch, const float* x, const float* w, const Epilogue& epilogue,
                   float* y, ConvMemory memory) const = 0;
};

class ConvBackwardData : public ConvAlgorithm {
 public:
  // dx is overwritten, or added to.
  virtual void run(int64_t batch, const float* dy, const float* w, bool add, float* dx,
                   ConvMemory memory) const = 0;
};

class ConvBackwardWeights : public ConvAlgorithm {
 public:
  virtual void run(int64_t batch, const float* x, const float* dy, bool add, float* dw,
                   ConvMemory memory) const = 0;
};

// The fastest that accepts the shape; never null. `exact`: of those that add up the products of the
// definition, each rounded once; Winograd is faster, and rounds some times more.
std::unique_ptr<ConvForward> pick_conv_forward(const ConvShape& shape, bool exact = false);
std::unique_ptr<ConvBackwardData> pick_conv_backward_data(const ConvShape& shape,
                                                          bool exact = false);
std::unique_ptr<ConvBackwardWeights> pick_conv_backward_weights(const ConvShape& shape,
                                                                bool exact = false);

}  // namespace cnn

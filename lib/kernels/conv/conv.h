// Convolution over channels-last values, forward and both backward products.
//
//   y[n, a, b, o] = sum over ky, kx, i of
//       x[n, a*stride.h - pad.h + ky*dilation.h, b*stride.w - pad.w + kx*dilation.w, i]
//       * w[ky, kx, i, o]                                              (zeros outside the image)
//
// of pictures, of volumes the same along a third axis, and what an Epilogue adds: bias, residual,
// rectifier (kernels/epilogue.h).
//
// Weights are stored [kernel.d, kernel.h, kernel.w, in_channels / groups, out_channels]; output
// channels of group g read input channels of group g. Several algorithms stand behind it, one file
// each; each of the three products takes the first that accepts the shape, fastest first
// (conv.cpp).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "kernels/epilogue.h"
#include "tensor/shape.h"

namespace cnn {

// Of pictures everything has depth 1 (Extents).
struct ConvShape {
  int64_t in_channels = 1;
  Extents in = Extents::all(1);
  int64_t out_channels = 1;
  Extents out = Extents::all(1);
  Extents kernel = Extents::all(1);
  Extents stride = Extents::all(1);
  Extents pad = Extents::all(0);  // before; behind, below, to the right whatever `out` needs
  Extents dilation = Extents::all(1);
  int64_t groups = 1;

  int64_t group_in() const { return in_channels / groups; }
  int64_t group_out() const { return out_channels / groups; }
  int64_t taps() const { return kernel.count(); }
  int64_t in_count() const { return in_channels * in.count(); }
  int64_t out_count() const { return out_channels * out.count(); }
  int64_t out_pixels() const { return out.count(); }
  int64_t weight_count() const { return taps() * group_in() * out_channels; }
  // Nothing but height and width: what most algorithms accept.
  bool is_picture() const { return in.d == 1 && out.d == 1 && kernel.d == 1 && pad.d == 0; }
  // Every slice is seen by one slice of the output and no other: they are as good as more pictures.
  bool has_lone_slices() const {
    return in.d == out.d && kernel.d == 1 && stride.d == 1 && pad.d == 0;
  }
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

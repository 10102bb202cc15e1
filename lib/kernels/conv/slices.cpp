#include "kernels/conv/slices.h"

#include <utility>

namespace cnn {
namespace {

bool accepts(const ConvShape& s) { return s.in.d > 1 && s.has_lone_slices(); }

ConvShape slice_of(ConvShape s) {
  s.in.d = s.out.d = 1;
  return s;
}

// What says of itself what the algorithm for one slice says.
template <class Algorithm>
class OfSlices : public Algorithm {
 public:
  OfSlices(const ConvShape& shape, std::unique_ptr<Algorithm> of_slice)
      : slices_(shape.in.d), of_slice_(std::move(of_slice)) {}
  const char* name() const override { return of_slice_->name(); }
  std::string why() const override { return of_slice_->why() + ", slice by slice"; }
  ConvScratch scratch() const override { return of_slice_->scratch(); }

 protected:
  const int64_t slices_;
  const std::unique_ptr<Algorithm> of_slice_;
};

class SlicesForward final : public OfSlices<ConvForward> {
 public:
  using OfSlices::OfSlices;
  int64_t derived() const override { return of_slice_->derived(); }
  void derive(const float* w, float* derived) const override { of_slice_->derive(w, derived); }
  void run(int64_t batch, const float* x, const float* w, const Epilogue& epilogue, float* y,
           ConvMemory memory) const override {
    of_slice_->run(batch * slices_, x, w, epilogue, y, memory);
  }
};

class SlicesBackwardData final : public OfSlices<ConvBackwardData> {
 public:
  using OfSlices::OfSlices;
  void run(int64_t batch, const float* dy, const float* w, bool add, float* dx,
           ConvMemory memory) const override {
    of_slice_->run(batch * slices_, dy, w, add, dx, memory);
  }
};

class SlicesBackwardWeights final : public OfSlices<ConvBackwardWeights> {
 public:
  using OfSlices::OfSlices;
  void run(int64_t batch, const float* x, const float* dy, bool add, float* dw,
           ConvMemory memory) const override {
    of_slice_->run(batch * slices_, x, dy, add, dw, memory);
  }
};

}  // namespace

std::unique_ptr<ConvForward> make_slices_forward(const ConvShape& s, bool exact) {
  if (!accepts(s)) return nullptr;
  return std::make_unique<SlicesForward>(s, pick_conv_forward(slice_of(s), exact));
}
std::unique_ptr<ConvBackwardData> make_slices_backward_data(const ConvShape& s, bool exact) {
  if (!accepts(s)) return nullptr;
  return std::make_unique<SlicesBackwardData>(s, pick_conv_backward_data(slice_of(s), exact));
}
std::unique_ptr<ConvBackwardWeights> make_slices_backward_weights(const ConvShape& s, bool exact) {
  if (!accepts(s)) return nullptr;
  return std::make_unique<SlicesBackwardWeights>(s, pick_conv_backward_weights(slice_of(s), exact));
}

}  // namespace cnn

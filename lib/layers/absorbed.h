// Absorbed: what a layer that multiplies matrices does for the layers behind it: their scale (in
// testing, where it goes into the weights), a residual and a rectifier (Epilogue).
#pragma once

#include "kernels/epilogue.h"
#include "layers/layer.h"

namespace cnn {

class Absorbed {
 public:
  // The answer to Layer::absorb(): only what follows in the epilogue's order. A residual is taken
  // in testing alone, where no gradient has to reach it.
  bool take(const Follower& follower, Phase phase);

  bool scales() const { return scaler_ != nullptr; }
  // Both [channels]; scales() only.
  void scale(std::span<float* const> parameters, float* scale, float* offset) const {
    scaler_->scale(parameters.subspan(static_cast<size_t>(scaler_parameter_)), scale, offset);
  }
  // In setup: the output may take the residual's place, and backward needs the rectifier's output.
  void tell(LayerPlan& plan) const;
  Epilogue epilogue(const Call& call, const float* bias) const {
    return {bias, residual_ < 0 ? nullptr : call.input(residual_).data, rectifier_};
  }
  // First thing in backward: grad_out becomes the gradient of what goes into the rectifier.
  void mask_gradient(const BackwardCall& call) const {
    if (call.masked || rectifier_.is_identity()) return;
    rectify_gradient(rectifier_, call.out.data, call.out.count(), call.mutable_grad_out);
  }

 private:
  const Layer* scaler_ = nullptr;
  int scaler_parameter_ = 0;
  int residual_ = -1;  // input
  Rectifier rectifier_;
};

// y[c] = offset[c] + scale[c] * (bias ? bias[c] : 0); y may be offset.
void fold_bias(const float* scale, const float* offset, const float* bias, int64_t channels,
               float* y);

}  // namespace cnn

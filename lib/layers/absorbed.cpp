#include "layers/absorbed.h"

namespace cnn {

bool Absorbed::take(const Follower& follower, Phase phase) {
  if (!rectifier_.is_identity()) return false;
  switch (follower.tail.kind) {
    case Tail::Kind::kScale:
      if (phase != Phase::kTest || scaler_ != nullptr || residual_ >= 0) return false;
      scaler_ = follower.layer;
      scaler_parameter_ = follower.first_parameter;
      return true;
    case Tail::Kind::kAdd:
      if (phase != Phase::kTest || residual_ >= 0) return false;
      residual_ = follower.other_input;
      return true;
    case Tail::Kind::kRectify:
      rectifier_ = follower.tail.rectifier;
      return true;
    case Tail::Kind::kNone:
      break;
  }
  return false;
}

void Absorbed::tell(LayerPlan& plan) const {
  if (residual_ >= 0) {
    plan.in_place = true;
    plan.in_place_input = residual_;
  }
  plan.backward_reads_output = plan.backward_masks_grad_out = !rectifier_.is_identity();
}

void fold_bias(const float* scale, const float* offset, const float* bias, int64_t channels,
               float* y) {
  for (int64_t c = 0; c < channels; ++c) y[c] = offset[c] + (bias ? scale[c] * bias[c] : 0.0f);
}

}  // namespace cnn

#include "layers/loss/loss.h"

namespace cnn {

void declare_reduction(Options& o, Reduction& reduction) {
  o.choice("reduction", reduction, {{"mean", Reduction::kMean}, {"sum", Reduction::kSum}},
           "average over all targets, or sum within a sample and average over the batch");
}

void plan_denominator(Setup& setup, Reduction reduction, double counted) {
  setup.plan().averages_samples = reduction == Reduction::kSum;
  setup.plan().counted = reduction == Reduction::kSum ? 1 : counted;
}

void write_loss(float* out, double numerator, Reduction reduction, double count) {
  out[0] = static_cast<float>(numerator);
  out[1] = reduction == Reduction::kMean ? static_cast<float>(count) : 1.0f;
}

double loss_gradient_factor(const BackwardCall& call) {
  double denominator = 0;
  for (int64_t n = 0; n < call.batch; ++n) {
    denominator += static_cast<double>(call.out.sample(n)[1]);
  }
  return denominator > 0 ? static_cast<double>(call.scale) / denominator : 0;
}

double batch_loss(const BackwardCall& call) {
  double numerator = 0, denominator = 0;
  for (int64_t n = 0; n < call.batch; ++n) {
    numerator += static_cast<double>(call.out.sample(n)[0]);
    denominator += static_cast<double>(call.out.sample(n)[1]);
  }
  return denominator > 0 ? numerator / denominator : 0;
}

void PositionWeights::declare(Options& o) {
  o.reference("weights", name_,
              "a factor for every position, a field or layer: [1] for [C], [1,H,W] for [C,H,W]")
      .aliases({"weight_map", "sample_weight"});
}

void PositionWeights::setup(Setup& setup, const Shape& scores) {
  input_ = name_.empty() ? -1 : setup.inputs() - 1;
  if (input_ >= 0) setup.target(input_, class_target_shape(scores), FieldKind::kValues);
}

}  // namespace cnn

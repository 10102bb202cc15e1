// bce_logits: binary cross entropy of sigmoid(x) with targets t in [0,1], for every number:
//   -p t log s(x) - (1 - t) log(1 - s(x)) = (1 - t) x + (1 + (p - 1) t) softplus(-x)
// with p = positive_weight. From the score itself, so that scores of +-1e4 give finite losses.
//   dx = (1 - t) - (1 + (p - 1) t) s(-x)
#include "layers/layer_type.h"
#include "layers/loss/value_loss.h"

namespace cnn {
namespace {

class BceLogits final : public ValueLoss<BceLogits> {
 public:
  float cost(float x, float t) const {
    return (1.0f - t) * x + (1.0f + extra_ * t) * fast_softplus(-x);
  }
  float slope(float x, float t) const {
    return (1.0f - t) - (1.0f + extra_ * t) * fast_sigmoid(-x);
  }
  float target_slope(float x, float) const { return extra_ * fast_softplus(-x) - x; }

 protected:
  void own_options(Options& o) override {
    o("positive_weight", positive_weight_, "factor of the loss where the target is 1")
        .at_least(0)
        .aliases({"pos_weight"});
  }
  void ready() override { extra_ = positive_weight_ - 1.0f; }
  std::optional<FieldRange> target_range() const override {
    return FieldRange{.low = 0, .high = 1, .who = "bce_logits"};
  }
  Link link() const override { return Link::kSigmoid; }

 private:
  float positive_weight_ = 1;
  float extra_ = 0;
};

}  // namespace

extern const LayerType bce_logits_layer = {
    .name = "bce_logits",
    .role = LayerType::Role::kLoss,
    .inputs = LayerType::Inputs::kNames,
    .summary = "binary cross entropy of scores (sigmoid included)",
    .example =
        "loss: {bce_logits: recon, target: image, reduction: sum}\n"
        "loss: {bce_logits: logits, target: mask, positive_weight: 3}",
    .details =
        "-t log s(x) - (1 - t) log(1 - s(x)) with s the sigmoid, for every number; the target has "
        "the same shape and lies in [0,1], so images must not be normalised (mean: 0, std: 1). "
        "`mean` averages over all numbers, `sum` adds within a sample and averages over the batch: "
        "the negative log-likelihood of a Bernoulli decoder, in nats.",
    .other_names = {"BCEWithLogitsLoss", "sigmoid_cross_entropy", "binary_cross_entropy_logits"},
    .make = make_layer<BceLogits>,
};

}  // namespace cnn

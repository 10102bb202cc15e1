// logistic: every score answers by itself whether the sample is of its class.
//   sum over c of log(1 + exp(-s_c x_c)),  s_c = 1 for the target's class, else -1
// One score: s = 1 for class 1, -1 for class 0. Large scores give finite losses.
#include "kernels/vector_math.h"
#include "layers/layer_type.h"
#include "layers/loss/class_loss.h"

namespace cnn {
namespace {

class Logistic final : public ClassLoss {
 public:
  Logistic() : ClassLoss("logistic", 1, 12) {}

 protected:
  double loss_of(Scores x, int64_t target) const override {
    const int64_t own = right_score(x, target);
    return static_cast<double>(row_sum(static_cast<int64_t>(x.size()), [=](int64_t c) {
      const float score = x[static_cast<size_t>(c)];
      return fast_softplus(c == own ? -score : score);
    }));
  }

  Link link(int64_t /*scores*/) const override { return Link::kSigmoid; }

  // d/dx = sigmoid(x) for the wrong ones, sigmoid(x) - 1 = -sigmoid(-x) for the right one.
  void add_gradient(Scores x, int64_t target, float factor, float* gradient) const override {
    const int64_t own = right_score(x, target);
    const float* scores = x.data();
    const auto count = static_cast<int64_t>(x.size());
#pragma GCC ivdep
    for (int64_t c = 0; c < count; ++c) {
      const float sign = c == own ? -1.0f : 1.0f;
      gradient[c] += factor * sign * fast_sigmoid(sign * scores[c]);
    }
  }

 private:
  // The score that should be positive; -1 if it is none.
  static int64_t right_score(Scores x, int64_t target) {
    return x.size() > 1 ? target : target == 1 ? 0 : -1;
  }
};

}  // namespace

extern const LayerType logistic_layer = {
    .name = "logistic",
    .role = LayerType::Role::kLoss,
    .inputs = LayerType::Inputs::kNames,
    .summary = "logistic regression: every score answers yes or no for its class",
    .example = "loss: {logistic: out, target: label}",
    .details =
        "The input holds scores: [C] with a target [1], or [C,H,W] with one class number for every "
        "pixel, [1,H,W]. One score alone is of two classes, and its target is 0 or 1.\n"
        "A position of class t costs the sum over c of log(1 + exp(-s_c x_c)) with s = 1 for t and "
        "-1 for every other class (one against all): the cross entropy of sigmoid(x) with the "
        "one-hot target. `mean` averages over all positions that are not ignored, not over "
        "classes. Where classes exclude each other, cross_entropy is the usual choice.\n"
        "Cox 1958, \"The regression analysis of binary sequences\".",
    .other_names = {"logistic_loss", "SoftMarginLoss", "SigmoidCrossEntropyLoss", "one_vs_all"},
    .make = make_layer<Logistic>,
};

}  // namespace cnn

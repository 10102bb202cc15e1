// focal: cross entropy in which what is easy counts little. With p_t the softmax of the target's
// class (one score alone: the sigmoid of +-x):
//   -a_t (1 - p_t)^g log p_t
//   d/dx_c = a_t (1 - p_t)^(g-1) (g p_t log p_t - (1 - p_t)) ([c = t] - p_c)
// Lin et al. 2017, "Focal loss for dense object detection".
#include <algorithm>
#include <cmath>

#include "kernels/vector_math.h"
#include "layers/layer_type.h"
#include "layers/loss/class_loss.h"

namespace cnn {
namespace {

class Focal final : public ClassLoss {
 public:
  Focal() : ClassLoss("focal", 1, 16) {}

 protected:
  void own_options(Options& o) override {
    o("gamma", gamma_, "how much less the easy ones count; 0: cross entropy").between(0, 100);
    o("alpha", alpha_,
      "factor of every class, in order; of one score: of classes 0 and 1; balanced: by the "
      "training data, so that all classes count the same")
        .aliases({"class_weights"});
  }

  void check(const Setup& setup, int64_t scores) const override {
    const auto classes = static_cast<size_t>(std::max<int64_t>(2, scores));
    const size_t given = alpha_.numbers.size();
    setup.require(given == 0 || given == classes, "focal: {} numbers in alpha for {} classes",
                  given, classes);
  }
  Link link(int64_t scores) const override { return scores == 1 ? Link::kSigmoid : Link::kSoftmax; }

  double loss_of(Scores x, int64_t target) const override {
    const double log_p = log_probability(x, target);
    return -alpha(target) * std::pow(-std::expm1(log_p), gamma_) * log_p;
  }

  void add_gradient(Scores x, int64_t target, float factor, float* gradient) const override {
    const double log_p = log_probability(x, target);
    const double p = std::exp(log_p), rest = -std::expm1(log_p);
    // (1 - p)^(g-1) (g p log p - (1 - p)), written so that rest = 0 divides nothing by 0.
    const double slope = rest > 0 ? std::pow(rest, gamma_) * (gamma_ * p * log_p / rest - 1)
                                  : (gamma_ > 0 ? 0.0 : -1.0);
    const auto common = static_cast<float>(slope * alpha(target)) * factor;
    if (x.size() == 1) {
      gradient[0] += common * sign_of(target) * static_cast<float>(rest);
      return;
    }
    const auto count = static_cast<int64_t>(x.size());
    const float* scores = x.data();
    const auto [largest, sum] = softmax_of(x);
    const float scale = common / sum;
#pragma GCC ivdep
    for (int64_t c = 0; c < count; ++c) gradient[c] -= scale * fast_exp(scores[c] - largest);
    gradient[target] += common;
  }

 private:
  struct Softmax {
    float largest, sum;
  };
  static Softmax softmax_of(Scores x) {
    const auto count = static_cast<int64_t>(x.size());
    const float* scores = x.data();
    const float largest = row_max(scores, count);
    return {largest, row_sum(count, [=](int64_t c) { return fast_exp(scores[c] - largest); })};
  }

  double alpha(int64_t target) const { return alpha_.of(target); }

  static double log_probability(Scores x, int64_t target) {
    if (x.size() == 1) return -static_cast<double>(fast_softplus(-sign_of(target) * x[0]));
    const auto [largest, sum] = softmax_of(x);
    return static_cast<double>(x[static_cast<size_t>(target)]) - static_cast<double>(largest) -
           std::log(static_cast<double>(sum));
  }

  double gamma_ = 2;
  ClassWeights alpha_;
};

}  // namespace

extern const LayerType focal_layer = {
    .name = "focal",
    .role = LayerType::Role::kLoss,
    .inputs = LayerType::Inputs::kNames,
    .summary = "cross entropy that counts hard positions more",
    .example =
        "loss: {focal: logits, target: mask}\n"
        "loss: {focal: logits, target: mask, gamma: 1, alpha: [0.25, 0.75]}",
    .details =
        "-a (1 - p)^gamma log p with p the softmax of the target's class and a its `alpha`: where "
        "the network is sure and right, the loss is nearly 0. For sets with many easy positions of "
        "one class. The input holds scores: [C] with a target [1], or [C,H,W] with [1,H,W]; one "
        "score alone is of two classes (sigmoid). `mean` averages over all positions that are not "
        "ignored; alpha does not enter its divisor.\n"
        "Lin et al. 2017, \"Focal loss for dense object detection\".",
    .other_names = {"FocalLoss", "sigmoid_focal_loss"},
    .make = make_layer<Focal>,
};

}  // namespace cnn

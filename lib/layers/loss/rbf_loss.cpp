// rbf_loss: LeNet-5's losses of rbf's scores s_i (minus its penalties).
//   map: -s_t + log(e^-j + sum over i of e^s_i)   (LeCun et al. 1998, equation 9)
//   mse: -s_t                                      (equation 8)
// d map / ds_i = e^s_i / (e^-j + sum) - [i = t]. The largest exponent is taken out first.
#include <algorithm>
#include <cmath>

#include "kernels/vector_math.h"
#include "layers/layer_type.h"
#include "layers/loss/class_loss.h"

namespace cnn {
namespace {

enum class Form { kMap, kMse };

class RbfLoss final : public ClassLoss {
 public:
  RbfLoss() : ClassLoss("rbf_loss", 2, 8) {}

 protected:
  void own_options(Options& o) override {
    o.choice("form", form_, {{"map", Form::kMap}, {"mse", Form::kMse}},
             "push the codes of other classes away, or only pull towards the own one");
    o("j", rubbish_, "map: distance beyond which other codes are not pushed any further")
        .at_least(0)
        .aliases({"rubbish", "margin"});
  }

  double loss_of(Scores scores, int64_t target) const override {
    const double own = static_cast<double>(scores[static_cast<size_t>(target)]);
    if (form_ == Form::kMse) return -own;
    const float largest = largest_exponent(scores);
    return static_cast<double>(largest) + std::log(static_cast<double>(sum(scores, largest))) - own;
  }

  void add_gradient(Scores scores, int64_t target, float factor, float* gradient) const override {
    gradient[target] -= factor;
    if (form_ == Form::kMse) return;
    const float largest = largest_exponent(scores);
    const float scale = factor / sum(scores, largest);
    const float* s = scores.data();
    const auto count = static_cast<int64_t>(scores.size());
#pragma GCC ivdep
    for (int64_t i = 0; i < count; ++i) gradient[i] += scale * fast_exp(s[i] - largest);
  }

  bool gradient_reads_scores() const override { return form_ == Form::kMap; }

 private:
  float largest_exponent(Scores scores) const {
    return std::max(row_max(scores.data(), static_cast<int64_t>(scores.size())), -rubbish_);
  }

  // (e^-j + sum over i of e^s_i) / e^largest.
  float sum(Scores scores, float largest) const {
    const float* s = scores.data();
    return fast_exp(-rubbish_ - largest) +
           row_sum(static_cast<int64_t>(scores.size()),
                   [=](int64_t i) { return fast_exp(s[i] - largest); });
  }

  Form form_ = Form::kMap;
  float rubbish_ = 10;
};

}  // namespace

extern const LayerType rbf_loss_layer = {
    .name = "rbf_loss",
    .role = LayerType::Role::kLoss,
    .inputs = LayerType::Inputs::kNames,
    .summary = "LeNet-5's loss of an rbf layer",
    .example =
        "loss: {rbf_loss: out, target: label}\n"
        "loss: {rbf_loss: out, form: mse}",
    .details =
        "The input holds rbf's scores, minus the squared distances y_i: [C] with a target [1].\n"
        "`map` costs y_t + log(e^-j + sum over i of e^-y_i) for class t (equation 9, a maximum a "
        "posteriori criterion): the code of t is pulled near and nearby codes of others are "
        "pushed away, up to about a distance y = j, the penalty of a made-up rubbish class. `mse` "
        "costs y_t alone (equation 8); with trainable codes its best solution is that all codes "
        "and features are equal.\n"
        "LeCun et al. 1998, \"Gradient-based learning applied to document recognition\".",
    .other_names = {"map_loss", "map_criterion", "RBFLoss"},
    .make = make_layer<RbfLoss>,
};

}  // namespace cnn

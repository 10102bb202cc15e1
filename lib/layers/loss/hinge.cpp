// hinge: class scores shall be apart by a margin; the loss of support vector machines.
//   weston_watkins: sum over c != t of max(0, margin + x_c - x_t)
//   crammer_singer: max(0, margin + max over c != t of x_c - x_t)
//   one score:      max(0, margin - s x),  s = 1 for class 1, -1 for class 0
// `squared` squares each maximum. All by position, over the channels.
#include "layers/layer_type.h"
#include "layers/loss/class_loss.h"

namespace cnn {
namespace {

enum class Form { kWestonWatkins, kCrammerSinger };

// NaN passes.
float positive(float x) { return x <= 0.0f ? 0.0f : x; }

class Hinge final : public ClassLoss {
 public:
  Hinge() : ClassLoss("hinge", 1, 2) {}

 protected:
  void own_options(Options& o) override {
    o("margin", margin_, "how far the class's score shall be above the others").at_least(0);
    o("squared", squared_, "square what is missing to the margin");
    o.choice("form", form_,
             {{"weston_watkins", Form::kWestonWatkins}, {"crammer_singer", Form::kCrammerSinger}},
             "which other classes count: all of them, or only the one with the largest score");
  }

  double loss_of(Scores x, int64_t target) const override {
    if (x.size() == 1) return cost(margin_ - sign_of(target) * x[0]);
    const float own = x[static_cast<size_t>(target)];
    if (form_ == Form::kCrammerSinger) return cost(margin_ + x[best_other(x, target)] - own);
    double sum = 0;
    for (size_t c = 0; c < x.size(); ++c) {
      if (c != static_cast<size_t>(target)) sum += cost(margin_ + x[c] - own);
    }
    return sum;
  }

  void add_gradient(Scores x, int64_t target, float factor, float* gradient) const override {
    if (x.size() == 1) {
      const float sign = sign_of(target);
      gradient[0] -= factor * sign * slope(margin_ - sign * x[0]);
      return;
    }
    const auto own = static_cast<size_t>(target);
    if (form_ == Form::kCrammerSinger) {
      const size_t other = best_other(x, target);
      const float g = factor * slope(margin_ + x[other] - x[own]);
      gradient[other] += g;
      gradient[own] -= g;
      return;
    }
    float sum = 0;
    for (size_t c = 0; c < x.size(); ++c) {
      if (c == own) continue;
      const float g = factor * slope(margin_ + x[c] - x[own]);
      gradient[c] += g;
      sum += g;
    }
    gradient[own] -= sum;
  }

 private:
  double cost(float missing) const {
    const auto m = static_cast<double>(positive(missing));
    return squared_ ? m * m : m;
  }
  float slope(float missing) const {
    if (squared_) return 2.0f * positive(missing);
    return missing > 0.0f ? 1.0f : 0.0f;
  }

  float margin_ = 1;
  bool squared_ = false;
  Form form_ = Form::kWestonWatkins;
};

}  // namespace

extern const LayerType hinge_layer = {
    .name = "hinge",
    .role = LayerType::Role::kLoss,
    .inputs = LayerType::Inputs::kNames,
    .summary = "loss of support vector machines: scores shall be apart by a margin",
    .example =
        "loss: {hinge: out, target: label}\n"
        "loss: {hinge: out, form: crammer_singer, squared: true}",
    .details =
        "The input holds scores: [C] with a target [1], or [C,H,W] with one class number for every "
        "pixel, [1,H,W]. One score alone is of two classes, and its target is 0 or 1.\n"
        "A position of class t costs, as `form` says, sum over c != t of max(0, margin + x_c - "
        "x_t) (weston_watkins) or max(0, margin + max over c != t of x_c - x_t) "
        "(crammer_singer); one score max(0, margin - x) for class 1 and max(0, margin + x) for "
        "class 0. `squared` squares every maximum. `mean` averages over all positions that are "
        "not ignored. With weight decay on a single linear layer this is a linear support vector "
        "machine. PyTorch's MultiMarginLoss is weston_watkins divided by the number of "
        "classes.\n"
        "Cortes & Vapnik 1995, \"Support-vector networks\"; Weston & Watkins 1999, \"Support "
        "vector machines for multi-class pattern recognition\"; Crammer & Singer 2001, \"On the "
        "algorithmic implementation of multiclass kernel-based vector machines\".",
    .other_names = {"HingeLoss", "hinge_loss", "MultiMarginLoss", "svm_loss", "categorical_hinge",
                    "multi_margin"},
    .make = make_layer<Hinge>,
};

}  // namespace cnn

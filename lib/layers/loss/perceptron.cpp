// perceptron: only mistakes cost, by how far they are wrong.
//   several scores: max over c of x_c - x_t;  one score: max(0, -s x), s = 1 for class 1, else -1
// A tie is a mistake: it costs nothing, but it has the gradient of one, so that weights of zero
// learn, as in Rosenblatt's rule.
#include "layers/layer_type.h"
#include "layers/loss/class_loss.h"

namespace cnn {
namespace {

class Perceptron final : public ClassLoss {
 public:
  Perceptron() : ClassLoss("perceptron", 1, 2) {}

 protected:
  double loss_of(Scores x, int64_t target) const override {
    const float wrong = wrong_by(x, target);
    return wrong < 0 ? 0.0 : static_cast<double>(wrong);  // NaN passes
  }

  void add_gradient(Scores x, int64_t target, float factor, float* gradient) const override {
    if (wrong_by(x, target) < 0) return;
    if (x.size() == 1) {
      gradient[0] -= factor * sign_of(target);
    } else {
      gradient[best_other(x, target)] += factor;
      gradient[target] -= factor;
    }
  }

 private:
  static float wrong_by(Scores x, int64_t target) {
    if (x.size() == 1) return -sign_of(target) * x[0];
    return x[best_other(x, target)] - x[static_cast<size_t>(target)];
  }
};

}  // namespace

extern const LayerType perceptron_layer = {
    .name = "perceptron",
    .role = LayerType::Role::kLoss,
    .inputs = LayerType::Inputs::kNames,
    .summary = "loss of the perceptron: only mistakes cost",
    .example = "loss: {perceptron: out, target: label}",
    .details =
        "The input holds scores: [C] with a target [1], or [C,H,W] with one class number for every "
        "pixel, [1,H,W]. One score alone is of two classes, and its target is 0 or 1.\n"
        "A position of class t costs max over c of x_c - x_t: nothing where the class's own score "
        "is the largest. One score costs max(0, -x) for class 1 and max(0, x) for class 0. On a "
        "single linear layer, sgd with batch_size 1 is the perceptron's learning rule: after a "
        "mistake (a tie is one) the input is added to the weights of its class and taken from "
        "those of the class that won.\n"
        "Rosenblatt 1958, \"The perceptron: a probabilistic model for information storage and "
        "organization in the brain\".",
    .other_names = {"perceptron_loss", "PerceptronLoss"},
    .make = make_layer<Perceptron>,
};

}  // namespace cnn

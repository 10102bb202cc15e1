// least_squares: every score shall be 1 where the sample is of its class, else -1.
//   sum over c of (x_c - s_c)^2,  s_c = 1 for the target's class, else -1
// One score: s = 1 for class 1, -1 for class 0.
#include "kernels/vector_math.h"
#include "layers/layer_type.h"
#include "layers/loss/class_loss.h"

namespace cnn {
namespace {

class LeastSquares final : public ClassLoss {
 public:
  LeastSquares() : ClassLoss("least_squares", 1, 2) {}

 protected:
  double loss_of(Scores x, int64_t target) const override {
    const int64_t own = right_score(x, target);
    return static_cast<double>(row_sum(static_cast<int64_t>(x.size()), [=](int64_t c) {
      const float difference = x[static_cast<size_t>(c)] - (c == own ? 1.0f : -1.0f);
      return difference * difference;
    }));
  }

  void add_gradient(Scores x, int64_t target, float factor, float* gradient) const override {
    const int64_t own = right_score(x, target);
    for (size_t c = 0; c < x.size(); ++c) {
      const float wanted = static_cast<int64_t>(c) == own ? 1.0f : -1.0f;
      gradient[c] += 2 * factor * (x[c] - wanted);
    }
  }

 private:
  // The score that should be 1; -1 if it is none.
  static int64_t right_score(Scores x, int64_t target) {
    return x.size() > 1 ? target : target == 1 ? 0 : -1;
  }
};

}  // namespace

extern const LayerType least_squares_layer = {
    .name = "least_squares",
    .role = LayerType::Role::kLoss,
    .inputs = LayerType::Inputs::kNames,
    .summary = "squared error of class scores against 1 and -1",
    .example = "loss: {least_squares: out, target: label}",
    .details =
        "The input holds scores: [C] with a target [1], or [C,H,W] with one class number for every "
        "pixel, [1,H,W]. One score alone is of two classes, and its target is 0 or 1.\n"
        "A position of class t costs the sum over c of (x_c - s_c)^2 with s = 1 for t and -1 for "
        "every other class. `mean` averages over all positions that are not ignored, not over "
        "classes. With weight decay on a single linear layer this is ridge regression as a "
        "classifier. For targets that are numbers, see mse.\n"
        "Hoerl & Kennard 1970, \"Ridge regression: biased estimation for nonorthogonal "
        "problems\".",
    .make = make_layer<LeastSquares>,
};

}  // namespace cnn

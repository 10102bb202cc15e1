// activity_l1: |x| for every number, or its logarithmic form: a penalty that makes codes sparse
// (sparsity.h). Its slope at 0 is 0.
#include "layers/elementwise.h"
#include "layers/layer_type.h"
#include "layers/loss/loss.h"
#include "layers/sparsity.h"

namespace cnn {
namespace {

class ActivityL1 final : public Layer {
 public:
  void options(Options& o) override {
    penalty_.declare(o);
    declare_reduction(o, reduction_);
  }

  void setup(Setup& s) override {
    s.output({2});
    plan_denominator(s, reduction_, static_cast<double>(s.input().count()));
  }

  void forward(const ForwardCall& call) const override {
    const int64_t count = call.input().shape.count();
    parallel_for(call.batch, grain_for(call.batch, count), [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n) {
        const float* x = call.input().sample(n);
        const float sum = row_sum(count, [=, this](int64_t i) { return penalty_.cost(x[i]); });
        write_loss(call.out.sample(n), static_cast<double>(sum), reduction_,
                   static_cast<double>(count));
      }
    });
  }

  void backward(const BackwardCall& call) const override {
    const View& gradient = call.grad_input();
    if (!gradient) return;
    const auto factor = static_cast<float>(loss_gradient_factor(call));
    const float* x = call.input().data;
    const SparsityPenalty penalty = penalty_;
    map_elements(x, x, gradient.data, gradient.count(), call.adds(), 1,
                 [=](float a, float) { return factor * penalty.slope(a); });
  }

 private:
  SparsityPenalty penalty_;
  Reduction reduction_ = Reduction::kSum;
};

}  // namespace

extern const LayerType activity_l1_layer = {
    .name = "activity_l1",
    .role = LayerType::Role::kLoss,
    .inputs = LayerType::Inputs::kNames,
    .summary = "penalty on the size of a code's numbers, which makes it sparse",
    .example =
        "loss:\n  - {mse: recon, target: image, reduction: sum}\n"
        "  - {activity_l1: code, weight: 0.1}\n"
        "  - {activity_l1: code, penalty: log, width: 0.5}",
    .details =
        "|x| for every number of the input, any shape; with `penalty: log` width log(1 + |x| / "
        "width), which leaves large numbers alone. It has the slope of |x| at 0, and so makes "
        "zeros; "
        "the log(1 + x^2) of Olshausen & Field 1996 is flat there, and makes small numbers. `sum` "
        "(the default here) adds within a "
        "sample and averages over the batch, `mean` averages over all numbers. The error against a "
        "target is `l1`.",
    .other_names = {"l1_penalty", "activity_regularizer", "sparsity", "l1_regularization"},
    .make = make_layer<ActivityL1>,
};

}  // namespace cnn

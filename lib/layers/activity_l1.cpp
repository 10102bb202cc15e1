// activity_l1: |x| for every number: a penalty that makes codes sparse. Its slope at 0 is 0.
#include <algorithm>
#include <cmath>

#include "layers/catalog.h"
#include "layers/elementwise.h"
#include "layers/loss.h"
#include "layers/vector_math.h"

namespace cnn {
namespace {

class ActivityL1 final : public Layer {
 public:
  void options(Options& o) override { declare_reduction(o, reduction_); }

  void setup(Setup& s) override { s.output({2}); }

  void forward(const ForwardCall& call) const override {
    const int64_t count = call.input().shape.count();
    parallel_for(call.batch, grain_for(call.batch, count), [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n) {
        const float* x = call.input().sample(n);
        const float sum = row_sum(count, [=](int64_t i) { return std::fabs(x[i]); });
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
    map_elements(x, x, gradient.data, gradient.count(), call.adds(), 1, [=](float a, float) {
      return factor * (static_cast<float>(a > 0.0f) - static_cast<float>(a < 0.0f));
    });
  }

 private:
  Reduction reduction_ = Reduction::kSum;
};

}  // namespace

const LayerType activity_l1_layer = {
    .name = "activity_l1",
    .role = LayerType::Role::kLoss,
    .inputs = LayerType::Inputs::kNames,
    .summary = "penalty on the size of a code's numbers, which makes it sparse",
    .example =
        "loss:\n  - {mse: recon, target: image, reduction: sum}\n"
        "  - {activity_l1: code, weight: 0.1}",
    .details =
        "|x| for every number of the input, any shape. `sum` (the default here) adds within a "
        "sample and averages over the batch, `mean` averages over all numbers. The error against a "
        "target is `l1`.",
    .other_names = {"l1_penalty", "activity_regularizer", "sparsity", "l1_regularization"},
    .make = make_layer<ActivityL1>,
};

}  // namespace cnn

// kl_normal: how far normal distributions N(m, exp(v)) are from N(0, 1), for every number:
//   KL = (m^2 + exp(v) - 1 - v) / 2;  dm = m, dv = (exp(v) - 1) / 2
// The term of a variational autoencoder that holds its code near the prior.
//
// Kingma & Welling 2013, "Auto-encoding variational Bayes", appendix B.
#include <algorithm>

#include "kernels/vector_math.h"
#include "layers/elementwise.h"
#include "layers/layer_type.h"
#include "layers/loss/loss.h"

namespace cnn {
namespace {

constexpr int64_t kCost = 8;

class KlNormal final : public Layer {
 public:
  void options(Options& o) override { declare_reduction(o, reduction_); }

  void setup(Setup& s) override {
    s.require(s.input(0) == s.input(1), "kl_normal: the mean is {}, the log variance {}",
              s.describe(0), s.describe(1));
    s.output({2});
    plan_denominator(s, reduction_, static_cast<double>(s.input().count()));
  }

  void forward(const ForwardCall& call) const override {
    const int64_t count = call.input().shape.count();
    parallel_for(call.batch, grain_for(call.batch, kCost * count), [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n) {
        const float* mean = call.input(0).sample(n);
        const float* log_variance = call.input(1).sample(n);
        // exp(v) - 1 - v cancels near 0.
        const double sum = static_cast<double>(row_sum(count, [=](int64_t i) {
          const float v = log_variance[i];
          return mean[i] * mean[i] + (fast_expm1(v) - v);
        }));
        write_loss(call.out.sample(n), 0.5 * sum, reduction_, static_cast<double>(count));
      }
    });
  }

  void backward(const BackwardCall& call) const override {
    const auto factor = static_cast<float>(loss_gradient_factor(call));
    const float* mean = call.input(0).data;
    const float* log_variance = call.input(1).data;
    const int64_t count = call.input().count();
    if (const View& gradient = call.grad_input(0)) {
      map_elements(mean, mean, gradient.data, count, call.adds(0), 1,
                   [=](float m, float) { return factor * m; });
    }
    if (const View& gradient = call.grad_input(1)) {
      map_elements(log_variance, log_variance, gradient.data, count, call.adds(1), kCost,
                   [=](float v, float) { return 0.5f * factor * fast_expm1(v); });
    }
  }

 private:
  Reduction reduction_ = Reduction::kSum;
};

}  // namespace

extern const LayerType kl_normal_layer = {
    .name = "kl_normal",
    .role = LayerType::Role::kLoss,
    .inputs = LayerType::Inputs::kNames,
    .min_inputs = 2,
    .max_inputs = 2,
    .summary = "distance of normal distributions from the standard one",
    .example =
        "loss:\n  - {bce_logits: recon, target: image, reduction: sum}\n"
        "  - {kl_normal: [mu, logvar], weight: $beta}",
    .details =
        "The Kullback-Leibler divergence of N(mean, exp(log variance)) from N(0, 1), (m^2 + exp(v) "
        "- 1 - v) / 2 for every number of the code, in nats. The second input is v = log sigma^2, "
        "neither "
        "sigma nor log sigma. Kingma & Welling write the negative, (1 + log sigma^2 - m^2 - "
        "sigma^2) "
        "/ 2, for they make the bound large; a loss is made small. `sum` (the default here) adds "
        "over "
        "the code and averages over the batch, as the bound of a variational autoencoder wants; "
        "the other term then needs `reduction: sum` too.\n"
        "Kingma & Welling 2013, \"Auto-encoding variational Bayes\".",
    .other_names = {"kl", "kld", "kl_divergence", "KLDivLoss"},
    .make = make_layer<KlNormal>,
};

}  // namespace cnn

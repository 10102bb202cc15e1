// gaussian: a sample of a normal distribution with given mean and logarithm of the variance:
//   y = mu + exp(logvar / 2) * eps,  eps ~ N(0, 1)
// in training and where losses are measured; in predictions and pictures y = mu. `testing: false`:
// mu in all of testing. So that gradients reach mu and logvar (the reparameterisation trick). eps
// of value i of a sample (in memory's order) is call.rng(sample).normal(i); backward draws it
// again.
//
// Kingma & Welling 2013, "Auto-encoding variational Bayes".
#include <cmath>

#include "layers/elementwise.h"
#include "layers/layer_type.h"
#include "layers/random_values.h"

namespace cnn {
namespace {

class Gaussian final : public Layer {
 public:
  void options(Options& o) override {
    o("testing", testing_,
      "samples where losses and metrics are taken in testing; false: the mean");
  }

  void setup(Setup& s) override {
    s.require(s.input(0) == s.input(1), "gaussian: mean {} and logarithm of the variance {} differ",
              s.describe(0), s.describe(1));
    s.output(s.input(0));
    s.plan().backward_spares_input = 0;  // the mean
    s.plan().backward_reads_output = false;
    s.plan().identity_in_test = !testing_;
    s.plan().draws = testing_ || s.phase() == Phase::kTrain;
  }

  void forward(const ForwardCall& call) const override {
    const float *mean = call.input(0).data, *logvar = call.input(1).data;
    float* out = call.out.data;
    if (!is_active(call)) {
      copy_elements(mean, out, call.out.count(), false);
      return;
    }
    for_each_random_value(call, kCost, [=](const Rng& rng, uint64_t i, int64_t at) {
      out[at] = mean[at] + noise(rng, i, logvar[at]);
    });
  }

  void backward(const BackwardCall& call) const override {
    const float* grad_out = call.grad_out.data;
    if (call.grad_input(0)) {
      copy_elements(grad_out, call.grad_input(0).data, call.grad_out.count(), call.adds(0));
    }
    float* to = call.grad_input(1).data;
    if (to == nullptr) return;
    const bool add = call.adds(1), active = is_active(call);
    const float* logvar = call.input(1).data;
    for_each_random_value(call, kCost, [=](const Rng& rng, uint64_t i, int64_t at) {
      const float gradient = active ? grad_out[at] * 0.5f * noise(rng, i, logvar[at]) : 0.0f;
      to[at] = add ? to[at] + gradient : gradient;
    });
  }

 private:
  bool is_active(const Call& call) const {
    return call.pass.phase == Phase::kTrain || (testing_ && call.pass.losses);
  }

  static float noise(const Rng& rng, uint64_t i, float logvar) {
    return std::exp(0.5f * logvar) * rng.normal(i);
  }

  static constexpr int64_t kCost = 50;

  bool testing_ = true;
};

}  // namespace

extern const LayerType gaussian_layer = {
    .name = "gaussian",
    .family = LayerType::Family::kCode,
    .inputs = LayerType::Inputs::kNames,
    .min_inputs = 2,
    .max_inputs = 2,
    .draws_code = true,
    .summary = "a sample of a normal distribution with learned mean and variance",
    .example =
        "- {linear: 20, from: enc, name: mu}\n"
        "- {linear: 20, from: enc, name: logvar}\n"
        "- {gaussian: [mu, logvar], name: code}",
    .details =
        "y = mu + exp(logvar / 2) * eps with eps from N(0, 1) in training, in validation and in "
        "`cnn test`, so that losses and the metric `elbo` are the bound itself; the mean in `cnn "
        "predict` and pictures, and with `testing: false` in all of testing. "
        "Both inputs have the same shape, any. Gradients reach both (the reparameterisation "
        "trick); with the loss kl_normal it makes a variational autoencoder.\n"
        "Kingma & Welling 2013, \"Auto-encoding variational Bayes\".",
    .other_names = {"reparameterize", "reparametrize", "sampling", "Sampling", "normal_sample"},
    .make = make_layer<Gaussian>,
};

}  // namespace cnn

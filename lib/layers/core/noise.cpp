// noise: corrupts its input in training, for denoising autoencoders:
//   gaussian          y = x + sigma * eps, eps ~ N(0, 1)
//   masking           y = 0 with probability p, else x (not scaled up, unlike dropout)
//   salt_and_pepper   y = low or high, each with probability p/2, else x
// What stands at value i of a sample (in memory's order) follows from call.rng(sample) at i;
// backward draws it again. The gradient passes where x did.
//
// Vincent et al. 2010, "Stacked denoising autoencoders".
#include "layers/elementwise.h"
#include "layers/layer_type.h"
#include "layers/random_values.h"

namespace cnn {
namespace {

enum class Kind { kGaussian, kMasking, kSaltAndPepper };

class Noise final : public Layer {
 public:
  void options(Options& o) override {
    o.choice("kind", kind_,
             {{"gaussian", Kind::kGaussian},
              {"masking", Kind::kMasking},
              {"salt_and_pepper", Kind::kSaltAndPepper}},
             "what is done to the values")
        .primary()
        .required()
        .aliases({"type", "mode", "noise_type"});
    o("sigma", sigma_, "of gaussian: the standard deviation")
        .at_least(0)
        .aliases({"std", "stddev", "scale"});
    o("p", p_, "of masking and salt_and_pepper: the share of values that are lost")
        .between(0, 1)
        .aliases({"rate", "probability", "amount", "fraction"});
    o("low", low_, "of salt_and_pepper: what pepper is").aliases({"pepper"});
    o("high", high_, "of salt_and_pepper: what salt is").aliases({"salt"});
    o("testing", testing_, "in testing too, to measure how well noise is removed")
        .aliases({"always", "test", "in_test"});
  }

  void setup(Setup& s) override {
    s.output(s.input());
    s.plan().in_place = true;
    s.plan().backward_reads_input = false;
    s.plan().backward_reads_output = false;
    s.plan().identity_in_test = !testing_;
    s.plan().draws = testing_ || s.phase() == Phase::kTrain;
  }

  void forward(const ForwardCall& call) const override {
    const float* in = call.input().data;
    float* out = call.out.data;
    if (!is_active(call)) return copy_elements(in, out, call.out.count(), false);
    switch (kind_) {
      case Kind::kGaussian:
        return for_each_random_value(call, 50, [=, this](const Rng& rng, uint64_t i, int64_t at) {
          out[at] = in[at] + sigma_ * rng.normal(i);
        });
      case Kind::kMasking:
        return for_each_random_value(call, 10, [=, this](const Rng& rng, uint64_t i, int64_t at) {
          out[at] = rng.uniform(i) < p_ ? 0.0f : in[at];
        });
      case Kind::kSaltAndPepper:
        return for_each_random_value(call, 10, [=, this](const Rng& rng, uint64_t i, int64_t at) {
          const float u = rng.uniform(i);
          out[at] = u < 0.5f * p_ ? low_ : u < p_ ? high_ : in[at];
        });
    }
  }

  void backward(const BackwardCall& call) const override {
    float* to = call.grad_input().data;
    if (to == nullptr) return;
    const float* grad_out = call.grad_out.data;
    const bool add = call.adds();
    if (!is_active(call) || kind_ == Kind::kGaussian) {
      return copy_elements(grad_out, to, call.grad_out.count(), add);
    }
    for_each_random_value(call, 10, [=, this](const Rng& rng, uint64_t i, int64_t at) {
      const float gradient = rng.uniform(i) < p_ ? 0.0f : grad_out[at];
      to[at] = add ? to[at] + gradient : gradient;
    });
  }

 private:
  bool is_active(const Call& call) const { return testing_ || call.pass.phase == Phase::kTrain; }

  Kind kind_ = Kind::kGaussian;
  float sigma_ = 0.1f, p_ = 0.3f, low_ = 0, high_ = 1;
  bool testing_ = false;
};

}  // namespace

extern const LayerType noise_layer = {
    .name = "noise",
    .family = LayerType::Family::kNoise,
    .adds_noise = true,
    .summary = "corrupts its input in training: gaussian, masking, salt and pepper",
    .example =
        "- {noise: gaussian, sigma: 0.3}\n"
        "- {noise: masking, p: 0.25}\n"
        "- {noise: salt_and_pepper, p: 0.1}\n"
        "- {noise: gaussian, sigma: 0.3, testing: true}",
    .details =
        "gaussian: y = x + sigma * eps, eps from N(0, 1). masking: y = 0 with probability p, else "
        "x, not scaled up (that is 'dropout'). salt_and_pepper: y = low or high, each with "
        "probability p/2, else x. Any shape; in testing nothing happens unless `testing`. The "
        "gradient passes where x did.\n"
        "Vincent et al. 2010, \"Stacked denoising autoencoders\".",
    .other_names = {"Noise", "GaussianNoise", "gaussian_noise", "corrupt", "denoise"},
    .make = make_layer<Noise>,
};

}  // namespace cnn

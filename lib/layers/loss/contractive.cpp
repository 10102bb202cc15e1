// contractive: how strongly a code h = f(x) answers to small changes of x: the squared Frobenius
// norm of the encoder's Jacobian J. Exact for one linear layer W with a sigmoid, tanh, relu or
// nothing behind it:
//   |J|^2 = sum over j of s_j^2 |w_j|^2,  w_j the j-th row of W, and by h_j:
//   s = h (1 - h) sigmoid, 1 - h^2 tanh, [h > 0] relu, 1 none
//   dh_j = 2 s_j (ds/dh)_j |w_j|^2,  dw_j = 2 (sum over samples of s_j^2) w_j
// For any other encoder an estimate, from the code h' of x + eps v with v ~ N(0, 1):
//   |h' - h|^2 / eps^2,  whose mean over v is |J|^2 as eps goes to 0
//
// Rifai et al. 2011, "Contractive auto-encoders: explicit invariance during feature extraction".
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "kernels/vector_math.h"
#include "layers/elementwise.h"
#include "layers/layer_type.h"
#include "layers/loss/loss.h"

namespace cnn {
namespace {

enum class Activation { kNone, kSigmoid, kTanh, kRelu };

// s and its derivative, both by h.
double slope_of(Activation activation, double h) {
  switch (activation) {
    case Activation::kSigmoid:
      return h * (1 - h);
    case Activation::kTanh:
      return 1 - h * h;
    case Activation::kRelu:
      return h > 0 ? 1 : 0;
    case Activation::kNone:
      break;
  }
  return 1;
}
double bend_of(Activation activation, double h) {
  return activation == Activation::kSigmoid ? 1 - 2 * h
         : activation == Activation::kTanh  ? -2 * h
                                            : 0;
}

class Contractive final : public Layer {
 public:
  void options(Options& o) override {
    o("encoder", encoder_, "the linear layer whose code this is, for the exact norm")
        .names_layer(encoder_);
    o("eps", eps_, "for the estimate: standard deviation of the noise that moved the input")
        .between(1e-6, 1e3)
        .aliases({"sigma"});
    declare_reduction(o, reduction_);
  }

  void setup(Setup& s) override {
    is_exact_ = !encoder_.empty();
    s.require(is_exact_ != (s.inputs() > 1),
              "contractive takes one code and its 'encoder', a linear layer, or two codes: [code, "
              "moved]");
    s.output({2});
    plan_denominator(s, reduction_, static_cast<double>(s.input().count()));
    if (is_exact_) {
      set_up_exact(s);
    } else {
      s.require(s.input(0) == s.input(1), "contractive: {} and {} are not codes of one shape",
                s.describe(0), s.describe(1));
    }
  }

  void forward(const ForwardCall& call) const override {
    is_exact_ ? forward_exact(call) : forward_estimate(call);
  }

  void backward(const BackwardCall& call) const override {
    const double factor = 2 * loss_gradient_factor(call);
    is_exact_ ? backward_exact(call, factor) : backward_estimate(call, factor);
  }

 private:
  void set_up_exact(Setup& s) {
    const NamedLayer& encoder = *s.named();
    s.require(encoder.type == "linear",
              "contractive: '{}' is {}; the norm is exact for a linear layer alone, other "
              "encoders give two codes: [code, moved]",
              encoder.name, encoder.type.empty() ? "an input" : "a layer '" + encoder.type + "'");
    const ParameterRequest& theirs = encoder.plan.parameters.front();
    s.require(theirs.tied < 0, "contractive: '{}' is tied itself; give two codes: [code, moved]",
              encoder.name);
    const Shape weight = theirs.shape;
    s.require(s.input() == Shape{weight[0]},
              "contractive: {} is not the code of '{}', which is [{}]", s.describe(0), encoder.name,
              weight[0]);
    const std::optional<Activation> activation = activation_of(encoder.activation);
    s.require(activation.has_value(),
              "contractive: '{}' ends in '{}'; the norm is exact for sigmoid, tanh, relu or "
              "nothing, other encoders give two codes: [code, moved]",
              encoder.name, encoder.activation);
    activation_ = *activation;
    s.plan().backward_reads_input = activation_ != Activation::kNone;  // its slope
    weight_ = s.tie(0);
    out_ = weight[0];
    in_ = weight[1];
    norms_ = s.saved(Per::kOnce, out_);
    sums_ = s.scratch_backward(Per::kOnce, out_);
  }

  static std::optional<Activation> activation_of(std::string_view type) {
    if (type.empty()) return Activation::kNone;
    if (type == "sigmoid") return Activation::kSigmoid;
    if (type == "tanh") return Activation::kTanh;
    if (type == "relu") return Activation::kRelu;
    return std::nullopt;
  }

  void forward_exact(const ForwardCall& call) const {
    const float* weight = call.parameter(weight_);
    float* norms = call.scratch(norms_);
    parallel_for(out_, grain_for(out_, in_), [&](int64_t begin, int64_t end) {
      for (int64_t j = begin; j < end; ++j) {
        const float* row = weight + j * in_;
        norms[j] = row_sum(in_, [=](int64_t i) { return row[i] * row[i]; });
      }
    });
    for (int64_t n = 0; n < call.batch; ++n) {
      const float* h = call.input().sample(n);
      double sum = 0;
      for (int64_t j = 0; j < out_; ++j) {
        const double slope = slope_of(activation_, static_cast<double>(h[j]));
        sum += slope * slope * static_cast<double>(norms[j]);
      }
      write_loss(call.out.sample(n), sum, reduction_, static_cast<double>(out_));
    }
  }

  void backward_exact(const BackwardCall& call, double factor) const {
    if (const View& gradient = call.grad_input()) {
      const float* norms = call.scratch(norms_);
      for (int64_t i = 0; i < gradient.count(); ++i) {
        const auto h = static_cast<double>(call.input().data[i]);
        const auto own =
            static_cast<float>(factor * slope_of(activation_, h) * bend_of(activation_, h) *
                               static_cast<double>(norms[i % out_]));
        gradient.data[i] = own + (call.adds() ? gradient.data[i] : 0.0f);
      }
    }
    if (float* gradient = call.gradient(weight_)) add_weight_gradient(call, factor, gradient);
  }

  void add_weight_gradient(const BackwardCall& call, double factor, float* gradient) const {
    float* sums = call.scratch(sums_);
    for (int64_t j = 0; j < out_; ++j) {
      double sum = 0;
      for (int64_t n = 0; n < call.batch; ++n) {
        const double slope = slope_of(activation_, static_cast<double>(call.input().sample(n)[j]));
        sum += slope * slope;
      }
      sums[j] = static_cast<float>(factor * sum);
    }
    const float* weight = call.parameter(weight_);
    const bool add = call.adds_parameter(weight_);
    parallel_for(out_, grain_for(out_, in_), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin * in_; i < end * in_; ++i) {
        gradient[i] = sums[i / in_] * weight[i] + (add ? gradient[i] : 0.0f);
      }
    });
  }

  void forward_estimate(const ForwardCall& call) const {
    const int64_t count = call.input().shape.count();
    parallel_for(call.batch, grain_for(call.batch, count), [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n) {
        const float *h = call.input(0).sample(n), *moved = call.input(1).sample(n);
        const auto sum = static_cast<double>(row_sum(count, [=](int64_t i) {
          const float difference = moved[i] - h[i];
          return difference * difference;
        }));
        write_loss(call.out.sample(n), sum / (eps_ * eps_), reduction_, static_cast<double>(count));
      }
    });
  }

  void backward_estimate(const BackwardCall& call, double factor) const {
    for (const int input : {0, 1}) {
      const View& gradient = call.grad_input(input);
      if (!gradient) continue;
      const auto share = static_cast<float>(factor / (eps_ * eps_));
      map_elements(call.input(input).data, call.input(1 - input).data, gradient.data,
                   gradient.count(), call.adds(input), 2,
                   [=](float own, float other) { return share * (own - other); });
    }
  }

  std::string encoder_;
  double eps_ = 0.01;
  Reduction reduction_ = Reduction::kSum;
  bool is_exact_ = true;
  Activation activation_ = Activation::kNone;
  int64_t out_ = 0, in_ = 0;
  int weight_ = -1, norms_ = -1, sums_ = -1;
};

}  // namespace

extern const LayerType contractive_layer = {
    .name = "contractive",
    .role = LayerType::Role::kLoss,
    .inputs = LayerType::Inputs::kNames,
    .max_inputs = 2,
    .summary = "penalty on a code's answer to small changes of the input",
    .example =
        "loss:\n  - {mse: recon, target: image, reduction: sum}\n"
        "  - {contractive: code, encoder: code, weight: 0.1}  # {linear: 200, act: sigmoid, name: "
        "code}\n"
        "  - {contractive: [deep, moved], eps: 0.01, weight: 0.1}  # see below",
    .details =
        "The squared Frobenius norm of the Jacobian of the encoder f. `sum` (the default here) "
        "adds over the code and averages over the batch, `mean` divides by the code's numbers.\n"
        "With `encoder` it is exact, for one linear layer that ends in sigmoid, tanh, relu or "
        "nothing: the sum over its units of f'^2 |w|^2. It reads that layer's weights, and trains "
        "them.\n"
        "With two codes it is the estimate |f(x + eps v) - f(x)|^2 / eps^2 for any encoder, v from "
        "N(0, 1). A second pass with the same weights gives f(x + eps v), as in "
        "models/ae-contractive-deep.yaml:\n"
        "{encoder: 64, name: deep}, {noise: gaussian, sigma: 0.01, from: image, testing: true}, "
        "{encoder: 64, share: deep, name: moved}.\n"
        "Rifai et al. 2011, \"Contractive auto-encoders: explicit invariance during feature "
        "extraction\".",
    .other_names = {"jacobian", "jacobian_penalty", "ContractiveLoss"},
    .make = make_layer<Contractive>,
};

}  // namespace cnn

// The optimizers. Inner loops are plain float arithmetic over contiguous arrays; what differs by
// option is a template argument, so that each loop vectorises.
#include <cmath>

#include "model/optimizer.h"

namespace cnn {
namespace {

class Sgd final : public Optimizer {
 public:
  void options(Options& o) override {
    o("lr", learning_rate_, "learning rate").primary().at_least(0).aliases({"learning_rate"});
    o("momentum", momentum_, "share of the last step's direction that is kept").between(0, 1);
    o("nesterov", nesterov_, "look ahead along the momentum");
    o("weight_decay", weight_decay_, "L2 penalty, added to the gradient")
        .at_least(0)
        .aliases({"decay", "l2"});
  }
  const char* conflict() const override {
    return nesterov_ && momentum_ == 0 ? "nesterov needs a momentum above 0" : nullptr;
  }
  std::vector<std::string> slots() const override {
    return momentum_ > 0 ? std::vector<std::string>{"velocity"} : std::vector<std::string>{};
  }

 protected:
  void apply(const Piece& p) const override {
    const bool writes = p.lr != 0;
    if (momentum_ == 0) {
      if (writes) plain(p);
    } else if (!writes) {
      with_momentum<false, false>(p);
    } else if (nesterov_) {
      with_momentum<true, true>(p);
    } else {
      with_momentum<true, false>(p);
    }
  }

 private:
  void plain(const Piece& p) const {
    const auto decay = static_cast<float>(weight_decay_ * p.decay);
    const auto lr = static_cast<float>(p.lr);
    for (int64_t i = 0; i < p.count; ++i) {
      p.weight[i] -= lr * (p.gradient[i] * p.gradient_scale + decay * p.weight[i]);
    }
  }

  template <bool kWrites, bool kNesterov>
  void with_momentum(const Piece& p) const {
    const auto decay = static_cast<float>(weight_decay_ * p.decay);
    const auto momentum = static_cast<float>(momentum_);
    const auto lr = static_cast<float>(p.lr);
    const float scale = p.gradient_scale;
    float* __restrict weight = p.weight;
    float* __restrict velocity = p.slot[0];
    const float* __restrict gradient = p.gradient;
    for (int64_t i = 0; i < p.count; ++i) {
      const float g = gradient[i] * scale + decay * weight[i];
      const float v = momentum * velocity[i] + g;
      velocity[i] = v;
      if constexpr (kWrites) weight[i] -= lr * (kNesterov ? g + momentum * v : v);
    }
  }

  double momentum_ = 0;
  bool nesterov_ = false;
  double weight_decay_ = 0;
};

// Adam; kDecoupled is AdamW.
template <bool kDecoupled>
class Adam final : public Optimizer {
 public:
  Adam() { learning_rate_ = 1e-3; }

  void options(Options& o) override {
    o("lr", learning_rate_, "learning rate").primary().at_least(0).aliases({"learning_rate"});
    o("beta1", beta1_, "share of the running mean that each step keeps").between(0, 1);
    o("beta2", beta2_, "share of the running mean of squares that each step keeps").between(0, 1);
    o("eps", epsilon_, "added to the divisor").at_least(0).aliases({"epsilon"});
    o("weight_decay", weight_decay_,
      kDecoupled ? "share of a weight that is taken off, times the learning rate"
                 : "L2 penalty, added to the gradient")
        .at_least(0)
        .aliases({"decay", "l2"});
  }
  const char* conflict() const override {
    return beta1_ == 1 || beta2_ == 1 ? "beta1 and beta2 must be below 1" : nullptr;
  }
  std::vector<std::string> slots() const override { return {"mean", "square"}; }

 protected:
  void apply(const Piece& p) const override { p.lr != 0 ? sweep<true>(p) : sweep<false>(p); }

 private:
  template <bool kWrites>
  void sweep(const Piece& p) const {
    const double step = static_cast<double>(p.step);
    const auto lr = static_cast<float>(p.lr / (1 - std::pow(beta1_, step)));
    const auto root = static_cast<float>(std::sqrt(1 - std::pow(beta2_, step)));
    const auto decay = static_cast<float>(kDecoupled ? 0 : weight_decay_ * p.decay);
    const auto keep = static_cast<float>(1 - p.lr * weight_decay_ * p.decay);
    const auto b1 = static_cast<float>(beta1_), b1_rest = static_cast<float>(1 - beta1_);
    const auto b2 = static_cast<float>(beta2_), b2_rest = static_cast<float>(1 - beta2_);
    const auto epsilon = static_cast<float>(epsilon_);
    const float scale = p.gradient_scale;
    float* __restrict weight = p.weight;
    float* __restrict mean = p.slot[0];
    float* __restrict square = p.slot[1];
    const float* __restrict gradient = p.gradient;
    for (int64_t i = 0; i < p.count; ++i) {
      const float g = gradient[i] * scale + decay * weight[i];
      const float a = b1 * mean[i] + b1_rest * g;
      const float q = b2 * square[i] + b2_rest * g * g;
      mean[i] = a;
      square[i] = q;
      if constexpr (kWrites) {
        const float w = kDecoupled ? keep * weight[i] : weight[i];
        weight[i] = w - lr * a / (std::sqrt(q) / root + epsilon);
      }
    }
  }

  double beta1_ = 0.9;
  double beta2_ = 0.999;
  double epsilon_ = 1e-8;
  double weight_decay_ = kDecoupled ? 0.01 : 0;
};

template <class T>
std::unique_ptr<Optimizer> make() {
  return std::make_unique<T>();
}

const OptimizerType kTypes[] = {
    {"sgd", "stochastic gradient descent", "{sgd: 0.05, momentum: 0.9, weight_decay: 5e-4}",
     make<Sgd>},
    {"adam", "Adam (Kingma & Ba 2015)", "{adam: 1e-3}", make<Adam<false>>},
    {"adamw", "Adam with decoupled weight decay (Loshchilov & Hutter 2019)",
     "{adamw: 1e-3, weight_decay: 0.05}", make<Adam<true>>},
};

}  // namespace

std::span<const OptimizerType> optimizer_types() { return kTypes; }

}  // namespace cnn

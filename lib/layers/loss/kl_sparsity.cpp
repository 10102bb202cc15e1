// kl_sparsity: holds every unit's mean activation near rho. With q_j the mean of unit j (a channel)
// over all samples and positions of the batch, cut to [1e-6, 1 - 1e-6]:
//   KL = sum over j of rho log(rho / q_j) + (1 - rho) log((1 - rho) / (1 - q_j))
//   d/dx = ((1 - rho) / (1 - q_j) - rho / q_j) / (number of samples and positions)
// It belongs to the batch, not to a sample: every sample reports the batch's value with
// denominator 1, so that the loss of one batch is this value, and that of several their mean.
//
// Ng 2011, "Sparse autoencoder" (CS294A lecture notes); Lee et al. 2007.
#include <algorithm>
#include <cmath>

#include "kernels/reduce.h"
#include "layers/layer_type.h"
#include "layers/loss/loss.h"

namespace cnn {
namespace {

class KlSparsity final : public Layer {
 public:
  void options(Options& o) override {
    o("rho", rho_, "mean activation that every unit shall have").between(1e-6, 1 - 1e-6);
    declare_reduction(o, reduction_);
  }

  void setup(Setup& s) override {
    const int64_t units = s.input().channels();
    s.output({2});
    s.plan().counted = 1;
    means_ = s.saved(Per::kOnce, units);
    slopes_ = s.scratch_backward(Per::kOnce, units);
    partials_ = s.scratch_forward(Per::kOnce, column_sum_partials(units));
    s.plan().backward_reads_input = false;
    s.plan().backward_reads_output = false;
  }

  void forward(const ForwardCall& call) const override {
    const ConstView& in = call.input();
    const int64_t units = in.channels();
    float* means = call.scratch(means_);
    column_sums(in.data, in.rows(), units, false, means, call.scratch(partials_));
    double sum = 0;
    for (int64_t j = 0; j < units; ++j) {
      means[j] = static_cast<float>(static_cast<double>(means[j]) / static_cast<double>(in.rows()));
      const double q = clamped(means[j]);
      sum += rho_ * std::log(rho_ / q) + (1 - rho_) * std::log((1 - rho_) / (1 - q));
    }
    if (reduction_ == Reduction::kMean) sum /= static_cast<double>(units);
    for (int64_t n = 0; n < call.batch; ++n) {
      write_loss(call.out.sample(n), sum, Reduction::kSum, 1);
    }
  }

  void backward(const BackwardCall& call) const override {
    const View& gradient = call.grad_input();
    if (!gradient) return;
    const int64_t rows = gradient.rows(), units = gradient.channels();
    const float* means = call.scratch(means_);
    // Of one number among the `rows` that a mean is of.
    const double share = static_cast<double>(call.scale) / static_cast<double>(rows) /
                         (reduction_ == Reduction::kMean ? static_cast<double>(units) : 1.0);
    float* slopes = call.scratch(slopes_);
    for (int64_t j = 0; j < units; ++j) {
      const double q = clamped(means[j]);
      slopes[j] = static_cast<float>(share * ((1 - rho_) / (1 - q) - rho_ / q));
    }
    const bool add = call.adds();
    parallel_for(rows, grain_for(rows, units), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        float* row = gradient.data + r * units;
        for (int64_t j = 0; j < units; ++j) row[j] = add ? row[j] + slopes[j] : slopes[j];
      }
    });
  }

 private:
  // NaN stays NaN.
  static double clamped(float mean) {
    constexpr double kEdge = 1e-6;
    const auto q = static_cast<double>(mean);
    return q < kEdge ? kEdge : q > 1 - kEdge ? 1 - kEdge : q;
  }

  double rho_ = 0.05;
  Reduction reduction_ = Reduction::kSum;
  int means_ = -1, slopes_ = -1, partials_ = -1;
};

}  // namespace

extern const LayerType kl_sparsity_layer = {
    .name = "kl_sparsity",
    .role = LayerType::Role::kLoss,
    .inputs = LayerType::Inputs::kNames,
    .summary = "holds the mean activation of every unit near rho",
    .example =
        "loss:\n  - {mse: recon, target: image, reduction: sum}\n"
        "  - {kl_sparsity: code, rho: 0.05, weight: 3}   # code ends in a sigmoid",
    .details =
        "The sum over units (channels) of the Kullback-Leibler divergence between a coin with "
        "chance rho and one with chance q, the unit's mean over all samples and positions of the "
        "batch: rho log(rho / q) + (1 - rho) log((1 - rho) / (1 - q)). `mean` divides by the "
        "number of units. Activations should lie in [0,1], as a sigmoid's do; a mean outside "
        "counts as the nearest end.\n"
        "It couples the samples of a batch, so its value depends on the batch size: with few "
        "samples a mean is a rough estimate. Over several batches the report is the mean of the "
        "batches' values.\n"
        "Ng 2011, \"Sparse autoencoder\", CS294A lecture notes.",
    .other_names = {"sparsity_penalty", "kl_sparse"},
    .make = make_layer<KlSparsity>,
};

}  // namespace cnn

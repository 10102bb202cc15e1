// whiten: numbers of mean 0 and variance 1, by statistics of the training data.
//   y = M (x - mean)
//   channel: M = diag(1 / sqrt(variance + eps))
//   pca: row k of M is v_k / sqrt(l_k + eps), the v_k being the covariance's eigenvectors, the
//        largest l_k first;  zca: M = V diag(1 / sqrt(l + eps)) V^T, nearest to the identity
// mean [C], matrix [K,C] (channel: scale [C]). Positions of images count as samples of their
// channels. Until it is fitted M is the identity, and the mean 0.
//
// Bell & Sejnowski 1997, "The 'independent components' of natural scenes are edge filters";
// Coates, Lee & Ng 2011, "An analysis of single-layer networks in unsupervised feature learning".
#include <algorithm>
#include <climits>
#include <cmath>

#include "base/eigen.h"
#include "base/parallel.h"
#include "kernels/gemm.h"
#include "layers/class_numbers.h"
#include "layers/image/window.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

enum class Whitening { kChannel, kPca, kZca };

struct WhitenPlan {
  Whitening by = Whitening::kChannel;
  double eps = 1e-5;
  int64_t channels = 1, components = 1;
};

// Sums of x - shift and of its products in double, shift being near the mean: that of the first
// batch.
class WhitenFitter final : public Fitter {
 public:
  explicit WhitenFitter(const WhitenPlan& plan)
      : plan_(plan),
        sums_(static_cast<size_t>(plan.channels), 0),
        products_(
            static_cast<size_t>(plan.by == Whitening::kChannel ? plan.channels
                                                               : plan.channels * plan.channels),
            0) {}

  void add(const ConstView& input) override {
    const int64_t c = plan_.channels, rows = input.rows();
    if (rows == 0) return;
    if (shift_.empty()) take_shift(input);
    std::vector<float> moved(input.data, input.data + rows * c);
    for (int64_t i = 0; i < rows * c; ++i) {
      moved[static_cast<size_t>(i)] -= shift_[static_cast<size_t>(i % c)];
    }
    for (int64_t i = 0; i < rows * c; ++i) {
      sums_[static_cast<size_t>(i % c)] += static_cast<double>(moved[static_cast<size_t>(i)]);
    }
    add_products(moved, rows);
    rows_ += rows;
  }

  void write(std::span<float* const> parameters) const override {
    const auto c = static_cast<size_t>(plan_.channels);
    const double count = static_cast<double>(std::max<int64_t>(rows_, 1));
    std::vector<double> mean(c, 0);
    for (size_t i = 0; i < c; ++i) {
      mean[i] = sums_[i] / count;
      const double shift = shift_.empty() ? 0.0 : static_cast<double>(shift_[i]);
      parameters[0][i] = static_cast<float>(mean[i] + shift);
    }
    if (plan_.by == Whitening::kChannel) {
      for (size_t i = 0; i < c; ++i) {
        const double variance = std::max(products_[i] / count - mean[i] * mean[i], 0.0);
        parameters[1][i] = static_cast<float>(1 / std::sqrt(variance + plan_.eps));
      }
      return;
    }
    std::vector<double> covariance(c * c);
    for (size_t i = 0; i < c; ++i) {
      for (size_t j = 0; j < c; ++j) {
        covariance[i * c + j] = products_[i * c + j] / count - mean[i] * mean[j];
      }
    }
    write_matrix(symmetric_eigen(std::move(covariance), plan_.channels), parameters[1]);
  }

 private:
  void take_shift(const ConstView& input) {
    const int64_t c = plan_.channels;
    std::vector<double> sums(static_cast<size_t>(c), 0);
    for (int64_t i = 0; i < input.rows() * c; ++i) {
      sums[static_cast<size_t>(i % c)] += static_cast<double>(input.data[i]);
    }
    for (const double sum : sums) {
      shift_.push_back(static_cast<float>(sum / static_cast<double>(input.rows())));
    }
  }

  void add_products(const std::vector<float>& moved, int64_t rows) {
    const int64_t c = plan_.channels;
    if (plan_.by == Whitening::kChannel) {
      for (size_t i = 0; i < moved.size(); ++i) {
        const auto x = static_cast<double>(moved[i]);
        products_[i % static_cast<size_t>(c)] += x * x;
      }
      return;
    }
    constexpr int64_t kRows = 1024;  // summed in float, joined in double
    std::vector<float> part(products_.size());
    for (int64_t first = 0; first < rows; first += kRows) {
      const float* x = moved.data() + first * c;
      gemm(Op::kTranspose, Op::kNone, c, c, std::min(kRows, rows - first), 1, x, c, x, c, 0,
           part.data(), c);
      for (size_t i = 0; i < part.size(); ++i) products_[i] += static_cast<double>(part[i]);
    }
  }

  void write_matrix(const SymmetricEigen& eigen, float* matrix) const {
    const auto c = static_cast<size_t>(plan_.channels);
    std::vector<double> rates;
    for (const double l : eigen.values)
      rates.push_back(1 / std::sqrt(std::max(l, 0.0) + plan_.eps));
    for (size_t k = 0; k < static_cast<size_t>(plan_.components); ++k) {
      for (size_t i = 0; i < c; ++i) {
        double sum = 0;
        if (plan_.by == Whitening::kPca) {
          sum = rates[k] * eigen.vectors[k * c + i];
        } else {
          for (size_t j = 0; j < c; ++j) {
            sum += rates[j] * eigen.vectors[j * c + k] * eigen.vectors[j * c + i];
          }
        }
        matrix[k * c + i] = static_cast<float>(sum);
      }
    }
  }

  WhitenPlan plan_;
  int64_t rows_ = 0;
  std::vector<float> shift_;
  std::vector<double> sums_, products_;
};

class Whiten final : public Layer {
 public:
  void options(Options& o) override {
    o.choice(
         "by", plan_.by,
         {{"channel", Whitening::kChannel}, {"pca", Whitening::kPca}, {"zca", Whitening::kZca}},
         "every channel by itself, or all together: turned to the principal components, or back "
         "from these")
        .primary()
        .aliases({"mode", "method"});
    o("components", components_, "pca: how many of them, the largest first; all if not given")
        .at_least(1)
        .aliases({"n_components"});
    o("eps", plan_.eps, "added to every variance").at_least(1e-12).aliases({"epsilon"});
  }

  void setup(Setup& s) override {
    const int64_t c = plan_.channels = s.input().channels();
    s.require(!components_ || plan_.by == Whitening::kPca, "whiten: 'components' are of pca");
    s.require(!components_ || *components_ <= c,
              "whiten: {} components of {}, which has {} channels", components_.value_or(0),
              s.describe(0), c);
    s.require(c <= INT_MAX, "whiten: {} channels are beyond BLAS", c);
    plan_.components = components_.value_or(c);
    s.output(with_channels(s.input(), plan_.components));
    const auto statistic = [&](const char* name, const Shape& shape, Initializer init) {
      return s.parameter({.name = name,
                          .shape = shape,
                          .init = std::move(init),
                          .learned = false,
                          .decays = false});
    };
    mean_ = statistic("mean", {c}, Initializer::constant(0));
    if (plan_.by == Whitening::kChannel) {
      matrix_ = statistic("scale", {c}, Initializer::constant(1));
    } else {
      std::vector<float> identity(static_cast<size_t>(plan_.components * c), 0.0f);
      for (int64_t k = 0; k < plan_.components; ++k) identity[static_cast<size_t>(k * c + k)] = 1;
      matrix_ = statistic("matrix", {plan_.components, c}, Initializer::from(std::move(identity)));
      moved_ = s.scratch_forward(Per::kSample, s.input().count());
      s.plan().macs = capped_macs(s.input().positions(), plan_.components * c);
    }
    s.plan().backward_reads_input = false;
    s.plan().backward_reads_output = false;
  }

  void forward(const ForwardCall& call) const override {
    const bool by_channel = plan_.by == Whitening::kChannel;
    const int64_t c = plan_.channels, rows = call.input().rows();
    const float *mean = call.parameter(mean_), *matrix = call.parameter(matrix_);
    float* moved = by_channel ? call.out.data : call.scratch(moved_);
    parallel_for(rows, grain_for(rows, 2 * c), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const float* x = call.input().data + r * c;
        for (int64_t i = 0; i < c; ++i) {
          moved[r * c + i] = (x[i] - mean[i]) * (by_channel ? matrix[i] : 1.0f);
        }
      }
    });
    if (by_channel) return;
    const int64_t k = plan_.components;
    gemm(Op::kNone, Op::kTranspose, rows, k, c, 1, moved, c, matrix, c, 0, call.out.data, k);
  }

  void backward(const BackwardCall& call) const override {
    const View& gradient = call.grad_input();
    if (!gradient) return;
    const int64_t c = plan_.channels, k = plan_.components, rows = gradient.rows();
    const float* matrix = call.parameter(matrix_);
    const bool add = call.adds();
    if (plan_.by != Whitening::kChannel) {
      gemm(Op::kNone, Op::kNone, rows, c, k, 1, call.grad_out.data, k, matrix, c, add ? 1 : 0,
           gradient.data, c);
      return;
    }
    parallel_for(rows, grain_for(rows, 2 * c), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin * c; i < end * c; ++i) {
        const float own = call.grad_out.data[i] * matrix[i % c];
        gradient.data[i] = own + (add ? gradient.data[i] : 0.0f);
      }
    });
  }

  std::unique_ptr<Fitter> fitter() const override { return std::make_unique<WhitenFitter>(plan_); }

 private:
  WhitenPlan plan_;
  std::optional<int64_t> components_;
  int mean_ = -1, matrix_ = -1, moved_ = -1;
};

}  // namespace

extern const LayerType whiten_layer = {
    .name = "whiten",
    .family = LayerType::Family::kNormalization,
    .summary = "numbers of mean 0 and variance 1, by statistics of the training data",
    .example =
        "- whiten                         # every channel by itself\n"
        "- {whiten: zca, eps: 0.1}\n"
        "- {whiten: pca, components: 40}  # of a vector: its 40 principal components",
    .details =
        "Fitted before the first step by one pass over the training data, as they come without "
        "augmentation; then it stays as it is, and is saved with the weights. It sees what the "
        "layers before it give, so that a picture's own pixels are whitened behind 'flatten', and "
        "its channels before.\n"
        "channel: (x - mean) / sqrt(variance + eps), channel by channel. pca turns the numbers to "
        "the principal components, the largest first, and divides each by its deviation; zca turns "
        "them back, so that the result looks like the input. eps keeps directions in which nothing "
        "varies from being blown up.\n"
        "Weights: mean [C], and scale [C] or matrix [components, C]; they are never trained.\n"
        "Bell & Sejnowski 1997; Coates, Lee & Ng 2011, \"An analysis of single-layer networks in "
        "unsupervised feature learning\".",
    .other_names = {"Whitening", "StandardScaler", "zca", "PCA"},
    .make = make_layer<Whiten>};

}  // namespace cnn

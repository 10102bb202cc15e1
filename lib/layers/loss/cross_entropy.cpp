// cross_entropy: softmax and negative log-likelihood in one, over the channels of every position.
//   loss of a position = w_t (lse - x_t),  lse = log sum over c of exp(x_c)
// with class t and class weights w (1). Smoothing e replaces the target by (1 - e) of t and e / C
// of every class (Szegedy et al. 2015, "Rethinking the Inception architecture"):
//   (1 - e) w_t (lse - x_t) + e / C * sum over c of w_c (lse - x_c)
// The mean divides by the sum of w_t. Positions of class `ignore` count nowhere. All as in PyTorch.
// With `weights`, every position's terms are times its own factor, in the mean's divisor too.
//
// input [C] -> target [1]; [C,H,W] -> [1,H,W]; [T,F] -> [T,1]. The largest x is subtracted first,
// so scores of +-1e4 give finite losses; it and 1 / sum of exp(x_c - largest) are saved.
#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "kernels/vector_math.h"
#include "layers/layer_type.h"
#include "layers/loss/loss.h"

namespace cnn {
namespace {

constexpr const char* kName = "cross_entropy";
constexpr int64_t kCost = 8;  // of one score, in simple operations

class CrossEntropy final : public Layer {
 public:
  void options(Options& o) override {
    o.reference("target", target_, "the field of class numbers: [1] for [C], [1,H,W] for [C,H,W]");
    weights_.declare(o);
    o("smoothing", smoothing_, "share of the target that is spread over all classes")
        .between(0, 1)
        .aliases({"label_smoothing"});
    o("ignore", ignore_, "class number whose positions count nowhere")
        .aliases({"ignore_index", "ignore_label"});
    o("class_weights", class_weights_,
      "factor of every class's loss, in order; balanced: by the training data, so that all classes "
      "count the same")
        .aliases({"class_weight"});
    declare_reduction(o, reduction_);
  }

  void setup(Setup& setup) override {
    const Shape& in = setup.input();
    const int64_t classes = classes_ = in.channels();
    setup.require(classes >= 2, "cross_entropy: {} has one class alone; give it two or more",
                  setup.describe(0));
    const auto given = static_cast<int64_t>(class_weights_.numbers.size());
    setup.require(given == 0 || given == classes, "cross_entropy: {} class_weights for {} classes",
                  given, classes);
    setup.target(1, class_target_shape(in), FieldKind::kClass, classes);
    weights_.setup(setup, in);
    setup.plan().ignored_class = ignore_;
    setup.plan().mixes_targets = !weights_;
    setup.plan().link = Link::kSoftmax;
    setup.output({2});
    const bool is_plain = !ignore_ && !weights_ && given == 0;
    plan_denominator(setup, reduction_, is_plain ? static_cast<double>(in.positions()) : 0);
    softmax_ = setup.saved(Per::kSample, 2 * in.positions());
    losses_ = setup.scratch_forward(Per::kSample, in.positions());
    weight_sum_ = 0;
    for (int64_t c = 0; c < classes; ++c) weight_sum_ += weight(c);
  }

  void forward(const ForwardCall& call) const override {
    const ConstView& in = call.input(0);
    const int64_t rows = in.rows(), classes = in.channels();
    const float* targets = call.input(1).data;
    float* losses = call.scratch(losses_);
    float* softmax = call.scratch(softmax_);
    parallel_for(rows, grain_for(rows, kCost * classes), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const float* row = in.data + r * classes;
        std::optional<RowSums> sums;
        double loss = 0;
        for_targets(call, targets, r, [&](float target, float share) {
          if (ignores(target)) return;
          const int64_t t = class_of(target, classes, kName);
          if (!sums) sums = sums_of_row(row, classes, softmax + 2 * r);
          loss += static_cast<double>(share) * sums->loss(*this, t, row[t]);
        });
        losses[r] = static_cast<float>(loss);
      }
    });
    const int64_t positions = in.shape.positions();
    const int64_t grain = grain_for(call.batch, kCost * positions);
    parallel_for(call.batch, grain, [&](int64_t first, int64_t last) {
      for (int64_t n = first; n < last; ++n) {
        const int64_t begin = n * positions, end = begin + positions;
        double numerator = 0;
        for (int64_t r = begin; r < end; ++r) {
          if (call.shares.empty() && ignores(targets[r])) continue;
          numerator += static_cast<double>(weights_.at(call, r)) * static_cast<double>(losses[r]);
        }
        write_loss(call.out.sample(n), numerator, reduction_, weight_of(call, begin, end, classes));
      }
    });
  }

  std::optional<double> denominator(const Call& call) const override {
    if (!call.input(1) || !weights_.are_known(call)) return std::nullopt;
    return weight_of(call, 0, call.input(1).count(), classes_);
  }

  void backward(const BackwardCall& call) const override {
    zero_gradient(call, 1);
    const ConstView& in = call.input(0);
    const int64_t rows = in.rows(), classes = in.channels();
    const float* targets = call.input(1).data;
    weights_.backward(call, reduction_, kCost * classes, [&](int64_t r) {
      if (ignores(targets[r])) return Share{};
      float softmax[2];
      const float* row = in.data + r * classes;
      const int64_t target = class_of(targets[r], classes, kName);
      return Share{sums_of_row(row, classes, softmax).loss(*this, target, row[target]),
                   weight(target)};
    });
    const View& grad_in = call.grad_input(0);
    if (!grad_in) return;
    const float* softmax = call.scratch(softmax_);
    const double factor = loss_gradient_factor(call);
    const bool add = call.adds(0);
    parallel_for(rows, grain_for(rows, kCost * classes), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const Slopes slopes = slopes_of(call, targets, r, classes, factor);
        float* gradient = grad_in.data + r * classes;
        if (add) {
          write_gradient<true>(in.data + r * classes, classes, softmax + 2 * r, slopes, gradient);
        } else {
          write_gradient<false>(in.data + r * classes, classes, softmax + 2 * r, slopes, gradient);
        }
        for (int i = 0; i < slopes.targets; ++i) {
          gradient[slopes.target[i]] -= static_cast<float>(slopes.own[i]);
        }
      }
    });
  }

 private:
  bool ignores(float target) const { return ignore_ && target == static_cast<float>(*ignore_); }

  double weight(int64_t c) const { return class_weights_.of(c); }

  // What the positions [begin, end) of the batch count for.
  double weight_of(const Call& call, int64_t begin, int64_t end, int64_t classes) const {
    const float* targets = call.input(1).data;
    double sum = 0;
    for (int64_t r = begin; r < end; ++r) {
      if (ignores(targets[r])) continue;
      const auto factor = static_cast<double>(weights_.at(call, r));
      sum += class_weights_.numbers.empty() ? factor
                                            : factor * weight(class_of(targets[r], classes, kName));
    }
    return sum;
  }

  // What a row of scores costs, whatever its target is.
  struct RowSums {
    double lse = 0;     // log sum of exp
    double others = 0;  // sum over c of w_c (lse - x_c); only where there is smoothing

    double loss(const CrossEntropy& layer, int64_t target, float score) const {
      const double own = layer.weight(target) * (lse - static_cast<double>(score));
      const double spread = layer.smoothing_ / static_cast<double>(layer.classes_);
      return layer.smoothing_ == 0 ? own : (1 - layer.smoothing_) * own + spread * others;
    }
  };

  // Keeps {largest, 1 / sum} for backward.
  RowSums sums_of_row(const float* row, int64_t classes, float* softmax) const {
    const float largest = row_max(row, classes);
    const float sum = row_sum(classes, [=](int64_t c) { return fast_exp(row[c] - largest); });
    softmax[0] = largest;
    softmax[1] = 1.0f / sum;
    RowSums sums;
    const double log_sum = std::log(static_cast<double>(sum));
    sums.lse = static_cast<double>(largest) + log_sum;
    if (smoothing_ == 0) return sums;
    if (class_weights_.numbers.empty()) {  // no term is negative
      constexpr int64_t kBlock = 1024;
      sums.others = static_cast<double>(classes) * log_sum;
      for (int64_t first = 0; first < classes; first += kBlock) {
        const auto below = [=](int64_t i) { return largest - row[first + i]; };
        sums.others += static_cast<double>(row_sum(std::min(kBlock, classes - first), below));
      }
    } else {
      for (int64_t c = 0; c < classes; ++c) {
        sums.others += weight(c) * (sums.lse - static_cast<double>(row[c]));
      }
    }
    return sums;
  }

  // The gradient of one row, for targets t of which each counts f_t:
  //   d/dx_c = sum over t of f_t (((1 - e) w_t + e / C * sum of w) softmax_c - e / C * w_c
  //                               - [c = t] (1 - e) w_t)
  struct Slopes {
    double softmax = 0, spread = 0;
    double own[2] = {};
    int64_t target[2] = {};
    int targets = 0;
  };
  Slopes slopes_of(const Call& call, const float* targets, int64_t r, int64_t classes,
                   double factor) const {
    Slopes slopes;
    const double weight_of_row = static_cast<double>(weights_.at(call, r));
    for_targets(call, targets, r, [&](float target, float share) {
      if (ignores(target)) return;
      const int64_t t = class_of(target, classes, kName);
      const double whole = factor * static_cast<double>(share) * weight_of_row;
      const double own = whole * (1 - smoothing_) * weight(t);
      const double spread = whole * smoothing_ / static_cast<double>(classes);
      slopes.softmax += own + spread * weight_sum_;
      slopes.spread += spread;
      slopes.own[slopes.targets] = own;
      slopes.target[slopes.targets++] = t;
    });
    return slopes;
  }

  // Without what belongs to the targets' own classes.
  template <bool kAdd>
  void write_gradient(const float* row, int64_t classes, const float* softmax, const Slopes& slopes,
                      float* gradient) const {
    if (slopes.targets == 0) {  // forward has left nothing of this row
      if (!kAdd) std::fill_n(gradient, classes, 0.0f);
      return;
    }
    const float largest = softmax[0];
    const auto scale = static_cast<float>(slopes.softmax * static_cast<double>(softmax[1]));
    const bool is_weighted = !class_weights_.numbers.empty();
    const float spread = is_weighted ? 0.0f : static_cast<float>(slopes.spread);
#pragma GCC ivdep
    for (int64_t c = 0; c < classes; ++c) {
      const float slope = scale * fast_exp(row[c] - largest) - spread;
      gradient[c] = kAdd ? gradient[c] + slope : slope;
    }
    if (!is_weighted || slopes.spread == 0) return;
    for (int64_t c = 0; c < classes; ++c) {
      gradient[c] -= static_cast<float>(slopes.spread * weight(c));
    }
  }

  std::string target_ = "label";
  double smoothing_ = 0;
  std::optional<int64_t> ignore_;
  ClassWeights class_weights_;
  PositionWeights weights_;
  Reduction reduction_ = Reduction::kMean;
  int64_t classes_ = 0;
  double weight_sum_ = 0;
  int softmax_ = -1, losses_ = -1;
};

}  // namespace

extern const LayerType cross_entropy_layer = {
    .name = "cross_entropy",
    .role = LayerType::Role::kLoss,
    .inputs = LayerType::Inputs::kNames,
    .summary = "loss of class scores against class numbers (softmax included)",
    .example =
        "loss: {cross_entropy: out, target: label}\n"
        "loss: {cross_entropy: logits, target: mask, ignore: 255}",
    .details =
        "The input holds scores before softmax: [C] with a target [1], or [C,H,W] with one class "
        "number for every pixel, [1,H,W].\n"
        "A position of class t costs w_t (log sum exp(x) - x_t). With smoothing e the target is "
        "1 - e of class t and e / C of every class (Szegedy et al. 2015, \"Rethinking the "
        "Inception architecture for computer vision\"), so class t has 1 - e (C - 1) / C in all; "
        "where "
        "others write 1 - e for it and e / (C - 1) for the rest, their e is e (C - 1) / C of this "
        "one. `mean` averages over all positions that "
        "are not ignored, weighted by class_weights; `sum` adds within a sample and averages over "
        "the batch. All as in PyTorch.",
    .other_names = {"CrossEntropyLoss", "softmax_loss", "SoftmaxWithLoss", "nll"},
    .make = make_layer<CrossEntropy>,
};

}  // namespace cnn

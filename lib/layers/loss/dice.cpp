// dice: 1 - the soft Dice coefficient of every class, from scores. Within a sample, with p the
// softmax over the channels (one channel alone: the sigmoid) and t the one-hot target:
//   D_c = (2 sum of w p t + e) / (sum of w p^k + sum of w t + e)
// over all positions that are not ignored, k = 1, or 2 with `square`; e = smooth, w = weights.
//   dp = -(2 w t den - num k w p^(k-1)) / den^2, then back through the softmax
//
// Milletari et al. 2016, "V-Net"; Dice 1945.
#include <algorithm>
#include <cmath>

#include "kernels/vector_math.h"
#include "layers/layer_type.h"
#include "layers/loss/loss.h"

namespace cnn {
namespace {

constexpr int64_t kChunk = 256;  // positions that are summed in float
constexpr int64_t kCost = 16;    // of one score, in simple operations

class Dice final : public Layer {
 public:
  void options(Options& o) override {
    o.reference("target", target_, "the field of class numbers: [1,H,W] for [C,H,W]");
    weights_.declare(o);
    o("smooth", smooth_, "added to numerator and denominator, so that empty classes are defined")
        .at_least(1e-6)
        .aliases({"eps", "epsilon"});
    o("square", square_, "square the probabilities in the denominator, as V-Net does");
    o("background", background_, "class 0 counts too");
    o("ignore", ignore_, "class number whose positions count nowhere")
        .aliases({"ignore_index", "ignore_label"});
    declare_reduction(o, reduction_);
  }

  void setup(Setup& s) override {
    const Shape& in = s.input();
    const int64_t scores = in.channels();
    s.require(background_ || scores > 1,
              "dice: {} has one score alone, which is of class 1; 'background' has no meaning",
              s.describe(0));
    s.target(1, class_target_shape(in), FieldKind::kClass, std::max<int64_t>(2, scores));
    weights_.setup(s, in);
    s.plan().ignored_class = ignore_;
    s.plan().link = scores == 1 ? Link::kSigmoid : Link::kSoftmax;
    s.output({2});
    first_ = background_ ? 0 : 1;
    plan_denominator(s, reduction_, static_cast<double>(scores - first_));
    chunks_ = chunk_count(in.positions(), kChunk);
    sums_ = s.saved(Per::kSample, 2 * scores);
    partials_ = s.scratch_forward(Per::kSample, chunks_ * 2 * scores);
  }

  void forward(const ForwardCall& call) const override {
    const int64_t scores = call.input().channels();
    float* partials = call.scratch(partials_);
    for_each_chunk(call, [&](int64_t n, int64_t chunk, int64_t begin, int64_t end) {
      float* sums = partials + (n * chunks_ + chunk) * 2 * scores;
      std::fill_n(sums, 2 * scores, 0.0f);
      for (int64_t r = begin; r < end; ++r) add_position(call, r, sums);
    });
    for (int64_t n = 0; n < call.batch; ++n) {
      double loss = 0;
      float* sums = call.scratch(sums_) + n * 2 * scores;
      for (int64_t c = 0; c < 2 * scores; ++c) {
        double sum = smooth_;
        for (int64_t k = 0; k < chunks_; ++k) {
          sum += static_cast<double>(partials[(n * chunks_ + k) * 2 * scores + c]);
        }
        sums[c] = static_cast<float>(sum);
      }
      for (int64_t c = first_; c < scores; ++c) {
        loss += 1 - static_cast<double>(sums[2 * c]) / static_cast<double>(sums[2 * c + 1]);
      }
      write_loss(call.out.sample(n), loss, reduction_, static_cast<double>(scores - first_));
    }
  }

  void backward(const BackwardCall& call) const override {
    zero_gradient(call, 1);
    weights_.backward(call, Reduction::kSum, kCost * call.input().channels(), [&](int64_t row) {
      return Share{static_cast<double>(weight_slope(call, row)), 0};
    });
    const View& grad_in = call.grad_input(0);
    if (!grad_in) return;
    const int64_t scores = grad_in.channels();
    const auto factor = static_cast<float>(loss_gradient_factor(call));
    const bool add = call.adds(0);
    for_each_chunk(call, [&](int64_t, int64_t, int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        float* gradient = grad_in.data + r * scores;
        if (!add) std::fill_n(gradient, scores, 0.0f);
        add_gradient(call, r, factor, gradient);
      }
    });
  }

 private:
  // One position: its probabilities by class, its target, its weight (0: ignored).
  struct Position {
    const float* x;
    int64_t scores, target;
    float largest = 0, scale = 0, weight = 0;

    float probability(int64_t c) const {
      return scores == 1 ? fast_sigmoid(x[0]) : scale * fast_exp(x[c] - largest);
    }
    // One score alone is of class 1.
    float truth(int64_t c) const { return target == (scores == 1 ? 1 : c) ? 1.0f : 0.0f; }
  };

  template <class Body>
  void for_each_chunk(const Call& call, Body body) const {
    const int64_t positions = call.input().shape.positions();
    const int64_t cost = kCost * call.input().channels() * std::min(kChunk, positions);
    const int64_t all = call.batch * chunks_;
    parallel_for(all, grain_for(all, cost), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t n = i / chunks_, chunk = i % chunks_;
        const int64_t first = n * positions + chunk * kChunk;
        body(n, chunk, first, std::min(first + kChunk, (n + 1) * positions));
      }
    });
  }

  bool ignores(const Call& call, int64_t row) const {
    return ignore_ && call.input(1).data[row] == static_cast<float>(*ignore_);
  }

  Position position(const Call& call, int64_t row) const {
    const int64_t scores = call.input().channels();
    Position p{call.input().data + row * scores, scores, 0};
    if (ignores(call, row)) return p;
    p.target = class_of(call.input(1).data[row], std::max<int64_t>(2, scores), "dice");
    p.weight = weights_.at(call, row);
    if (scores > 1) {
      p.largest = row_max(p.x, scores);
      p.scale = 1.0f / row_sum(scores, [&](int64_t c) { return fast_exp(p.x[c] - p.largest); });
    }
    return p;
  }

  void add_position(const Call& call, int64_t row, float* sums) const {
    const Position p = position(call, row);
    if (p.weight == 0) return;
    for (int64_t c = first_; c < p.scores; ++c) {
      const float probability = p.probability(c), truth = p.truth(c);
      sums[2 * c] += 2 * p.weight * probability * truth;
      sums[2 * c + 1] += p.weight * ((square_ ? probability * probability : probability) + truth);
    }
  }

  // d loss / d (numerator) and d (denominator) of class c in the sample of `row`.
  struct Slopes {
    float numerator, denominator;
  };
  Slopes slopes(const Call& call, int64_t row, int64_t c) const {
    const int64_t n = row / call.input().shape.positions();
    const float* sums = call.scratch(sums_) + 2 * (n * call.input().channels() + c);
    return {-1 / sums[1], sums[0] / (sums[1] * sums[1])};
  }

  float probability_slope(const Call& call, int64_t row, const Position& p, int64_t c) const {
    if (c < first_) return 0;
    const Slopes s = slopes(call, row, c);
    const float power = square_ ? 2 * p.probability(c) : 1.0f;
    return p.weight * (2 * s.numerator * p.truth(c) + s.denominator * power);
  }

  void add_gradient(const Call& call, int64_t row, float factor, float* gradient) const {
    const Position p = position(call, row);
    if (p.weight == 0) return;
    if (p.scores == 1) {
      const float probability = p.probability(0);
      gradient[0] += factor * probability_slope(call, row, p, 0) * probability * (1 - probability);
      return;
    }
    float mean = 0;
    for (int64_t c = 0; c < p.scores; ++c) {
      mean += probability_slope(call, row, p, c) * p.probability(c);
    }
    for (int64_t c = 0; c < p.scores; ++c) {
      gradient[c] += factor * p.probability(c) * (probability_slope(call, row, p, c) - mean);
    }
  }

  float weight_slope(const Call& call, int64_t row) const {
    if (ignores(call, row)) return 0;
    const Position p = position(call, row);
    float sum = 0;
    for (int64_t c = first_; c < p.scores; ++c) {
      const Slopes s = slopes(call, row, c);
      const float probability = p.probability(c), truth = p.truth(c);
      sum += 2 * s.numerator * probability * truth +
             s.denominator * ((square_ ? probability * probability : probability) + truth);
    }
    return sum;
  }

  std::string target_ = "mask";
  PositionWeights weights_;
  double smooth_ = 1;
  bool square_ = false, background_ = true;
  std::optional<int64_t> ignore_;
  Reduction reduction_ = Reduction::kMean;
  int64_t first_ = 0, chunks_ = 0;
  int sums_ = -1, partials_ = -1;
};

}  // namespace

extern const LayerType dice_layer = {
    .name = "dice",
    .role = LayerType::Role::kLoss,
    .inputs = LayerType::Inputs::kNames,
    .summary = "1 - soft Dice coefficient, for masks whose classes differ in size",
    .example =
        "loss:\n  - {cross_entropy: logits, target: mask, ignore: 255}\n"
        "  - {dice: logits, target: mask, ignore: 255, weight: 0.5}",
    .details =
        "The input holds scores before softmax, [C,H,W] with class numbers [1,H,W]; one channel "
        "alone is of two classes (sigmoid). In every sample and class: 1 - (2 sum p t + smooth) / "
        "(sum p + sum t + smooth), p the probability, t 1 where the target is that class. A class "
        "counts the same whether it covers much or little. `mean` averages over classes and "
        "samples, `sum` adds over classes.\n"
        "Milletari et al. 2016, \"V-Net: fully convolutional neural networks for volumetric "
        "medical image segmentation\".",
    .other_names = {"DiceLoss", "soft_dice", "dice_loss"},
    .make = make_layer<Dice>,
};

}  // namespace cnn

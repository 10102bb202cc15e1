// rbf: how near the input is to a code of every class, LeNet-5's output layer.
//   score_i = -sum over j of (x_j - w_ij)^2
// The sign is turned round from the paper's, so that the largest score wins as everywhere else.
//   dx_j = sum over i of 2 g_i (w_ij - x_j),  dw_ij = sum over rows of 2 g_i (x_j - w_ij)
// Weight [out, in]; a statistic (saved, never trained) unless `trainable`.
//
// LeCun et al. 1998, "Gradient-based learning applied to document recognition".
#include <algorithm>

#include "base/parallel.h"
#include "kernels/vector_math.h"
#include "layers/core/digit_codes.h"
#include "layers/image/window.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

enum class Codes { kDigits, kRandom };

class Rbf final : public Layer {
 public:
  void options(Options& o) override {
    o("out", out_, "number of classes")
        .primary()
        .required()
        .at_least(1)
        .aliases({"num_output", "out_features", "units", "classes"});
    o.choice("codes", codes_, {{"digits", Codes::kDigits}, {"random", Codes::kRandom}},
             "first values: 7x12 bitmaps of digits, or 1 and -1 at random");
    o("trainable", trainable_, "train the codes; else they stay as they are")
        .aliases({"learnable", "train"});
  }

  void setup(Setup& s) override {
    const Shape& in = s.input();
    s.require(in.rank() == 1, "rbf expects a vector [C], found {}; add 'flatten' before it",
              in.str());
    in_ = in[0];
    if (codes_ == Codes::kDigits) {
      s.require(in_ == kCodePixels,
                "rbf: the digits' codes have 7 x 12 = {} numbers, the input has {}; or use "
                "'codes: random'",
                kCodePixels, in_);
      s.require(out_ <= kDigits, "rbf: {} classes, but ten digits; or use 'codes: random'", out_);
    }
    s.output({out_});
    weight_ = s.parameter({.name = "weight",
                           .shape = {out_, in_},
                           .layout = {},
                           .init = codes_ == Codes::kDigits ? Initializer::from(digit_codes(out_))
                                                            : Initializer::signs(),
                           .fan_in = in_,
                           .fan_out = out_,
                           .learned = trainable_,
                           .decays = false});
    s.plan().macs = capped_macs(1, in_ * out_);
    s.plan().backward_reads_output = false;
  }

  void forward(const ForwardCall& call) const override {
    const float* weight = call.parameter(weight_);
    parallel_for(call.batch, grain_for(call.batch, 2 * in_ * out_),
                 [&](int64_t begin, int64_t end) {
                   for (int64_t n = begin; n < end; ++n) {
                     const float* x = call.input().sample(n);
                     for (int64_t i = 0; i < out_; ++i) {
                       const float* code = weight + i * in_;
                       call.out.sample(n)[i] = -row_sum(in_, [=](int64_t j) {
                         const float difference = x[j] - code[j];
                         return difference * difference;
                       });
                     }
                   }
                 });
  }

  void backward(const BackwardCall& call) const override {
    const float* weight = call.parameter(weight_);
    if (float* gradient = call.gradient(weight_)) {
      const bool add = call.adds_parameter(weight_);
      parallel_for(out_, grain_for(out_, 2 * in_ * call.batch), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          float* row = gradient + i * in_;
          if (!add) std::fill_n(row, in_, 0.0f);
          for (int64_t n = 0; n < call.batch; ++n) {
            add_difference(2 * call.grad_out.sample(n)[i], call.input().sample(n), weight + i * in_,
                           row);
          }
        }
      });
    }
    if (!call.grad_input()) return;
    parallel_for(call.batch, grain_for(call.batch, 2 * in_ * out_),
                 [&](int64_t begin, int64_t end) {
                   for (int64_t n = begin; n < end; ++n) {
                     float* row = call.grad_input().sample(n);
                     if (!call.adds()) std::fill_n(row, in_, 0.0f);
                     for (int64_t i = 0; i < out_; ++i) {
                       add_difference(2 * call.grad_out.sample(n)[i], weight + i * in_,
                                      call.input().sample(n), row);
                     }
                   }
                 });
  }

 private:
  // sums += factor * (a - b).
  void add_difference(float factor, const float* a, const float* b, float* sums) const {
#pragma GCC ivdep
    for (int64_t j = 0; j < in_; ++j) sums[j] += factor * (a[j] - b[j]);
  }

  int64_t out_ = 0, in_ = 0;
  Codes codes_ = Codes::kDigits;
  bool trainable_ = false;
  int weight_ = -1;
};

}  // namespace

extern const LayerType rbf_layer = {
    .name = "rbf",
    .family = LayerType::Family::kDense,
    .summary = "distance to a code of every class, LeNet-5's output layer",
    .example =
        "- {rbf: 10, name: out}   # after 84 features; with loss: {rbf_loss: out}\n"
        "- {rbf: 26, codes: random, trainable: true}",
    .details =
        "score_i = -sum over j of (x_j - w_ij)^2, minus the squared distance of the input to the "
        "code of class i: [C] -> [out]. The paper's penalty y_i is -score_i; turned round, the "
        "largest score wins, as metrics and `cnn predict` expect.\n"
        "The codes are bitmaps of the digits, 7 wide and 12 high, of 1 (ink) and -1, so that the "
        "84 features before the layer become a small picture of the digit. They stay as they are "
        "unless `trainable`, and are saved with the weights.\n"
        "Weights: weight [out, C].\n"
        "LeCun et al. 1998, \"Gradient-based learning applied to document recognition\".",
    .other_names = {"RBF", "radial_basis", "euclidean_rbf"},
    .make = make_layer<Rbf>,
};

}  // namespace cnn

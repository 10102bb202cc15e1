// linear: y = x W^T + b. x [C] or [T,F] (every position alike), weight [out, in], bias [out].
// Tied to another linear layer: y = x V + b with that one's weight V [in, out]; to an embed, whose
// weight [classes, width] is [out, in]: as without a tie.
#include <algorithm>
#include <climits>

#include "base/parallel.h"
#include "kernels/gemm.h"
#include "kernels/reduce.h"
#include "layers/absorbed.h"
#include "layers/image/window.h"
#include "layers/layer_type.h"
#include "layers/tie.h"

namespace cnn {
namespace {

class Linear final : public Layer {
 public:
  void options(Options& o) override {
    o("out", out_, "number of output features")
        .primary()
        .required()
        .at_least(1)
        .aliases({"num_output", "out_features", "units", "features", "output", "filters"});
    o("bias", has_bias_, "add a learned offset to every feature")
        .aliases({"use_bias", "bias_term"});
    o("tie", tie_,
      "a linear layer (or sparse_code) whose weights, transposed, are this one's too; or an embed, "
      "as they are")
        .names_layer(tie_)
        .aliases({"tied", "tied_to", "tie_weights"});
  }

  void setup(Setup& s) override {
    const Shape& in = s.input();
    s.require(in.rank() <= 2, "linear expects [C] or [T,F], found {}; add 'flatten' before it",
              in.str());
    in_ = in.channels();
    s.require(std::max(in_, out_) <= INT_MAX, "{} features are beyond BLAS: sizes end at {}",
              std::max(in_, out_), INT_MAX);
    if (in.rank() == 1) {
      s.output({out_});
    } else {
      s.output({in[0], out_});
    }
    const auto parameter = [&](const char* name, Shape shape, Initializer init) {
      return s.parameter({.name = name,
                          .shape = shape,
                          .layout = {},
                          .init = init,
                          .fan_in = in_,
                          .fan_out = out_});
    };
    weight_ = tie_.empty() ? parameter("weight", {out_, in_}, Initializer::he_normal()) : tie(s);
    if (has_bias_) bias_ = parameter("bias", {out_}, Initializer::constant(0));
    const int64_t products = !is_turned_ ? gemm_partials(out_, in_) : gemm_partials(in_, out_);
    partials_ = s.scratch_backward(Per::kOnce, std::max(products, column_sum_partials(out_)));
    s.plan().macs = capped_macs(in.positions(), in_ * out_);
    s.plan().kernel = "gemm";
    s.plan().kernel_why = "gemm (a row for each sample; few rows in one pass over the weights)";
    phase_ = s.phase();
    if (absorbed_.scales()) {
      folded_ = s.derived(out_ * in_);
      folded_bias_ = s.derived(out_);
      factors_ = s.scratch_prepare(Per::kOnce, 2 * out_);
    }
    absorbed_.tell(s.plan());
  }

  bool absorb(const Follower& follower) override { return absorbed_.take(follower, phase_); }

  void prepare(const PrepareCall& call) const override {
    float *scale = call.scratch(factors_), *offset = scale + out_;
    absorbed_.scale(call.parameters, scale, offset);
    fold_bias(scale, offset, has_bias_ ? call.parameter(bias_) : nullptr, out_,
              call.scratch(folded_bias_));
    const float* weight = call.parameter(weight_);
    float* folded = call.scratch(folded_);
    // By output feature: a row of the weight, or a column if it is another layer's.
    const bool is_row = !is_turned_;
    const int64_t rows = is_row ? out_ : in_, columns = weight_columns();
    parallel_for(rows, grain_for(rows, columns), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        for (int64_t c = 0; c < columns; ++c) {
          folded[r * columns + c] = weight[r * columns + c] * scale[is_row ? r : c];
        }
      }
    });
  }

  void forward(const ForwardCall& call) const override {
    const float* weight = call.parameter(weight_);
    const float* bias = has_bias_ ? call.parameter(bias_) : nullptr;
    if (absorbed_.scales()) {
      weight = call.scratch(folded_);
      bias = call.scratch(folded_bias_);
    }
    gemm(Op::kNone, !is_turned_ ? Op::kTranspose : Op::kNone, call.input().rows(), out_, in_,
         call.input().data, in_, weight, weight_columns(), absorbed_.epilogue(call, bias),
         call.out.data, out_);
  }

  void backward(const BackwardCall& call) const override {
    absorbed_.mask_gradient(call);
    const int64_t rows = call.grad_out.rows();
    const float* grad_out = call.grad_out.data;
    float* partials = call.scratch(partials_);
    if (float* gradient = call.gradient(weight_)) {
      const float *x = call.input().data, beta = call.adds_parameter(weight_) ? 1 : 0;
      if (!is_turned_) {
        gemm(Op::kTranspose, Op::kNone, out_, in_, rows, 1, grad_out, out_, x, in_, beta, gradient,
             in_, partials);
      } else {
        gemm(Op::kTranspose, Op::kNone, in_, out_, rows, 1, x, in_, grad_out, out_, beta, gradient,
             out_, partials);
      }
    }
    if (float* gradient = has_bias_ ? call.gradient(bias_) : nullptr) {
      column_sums(grad_out, rows, out_, call.adds_parameter(bias_), gradient, partials);
    }
    if (call.grad_input()) {
      gemm(Op::kNone, !is_turned_ ? Op::kNone : Op::kTranspose, rows, in_, out_, 1, grad_out, out_,
           call.parameter(weight_), weight_columns(), call.adds() ? 1 : 0, call.grad_input().data,
           in_);
    }
  }

 private:
  // In memory [out, in], or [in, out] if it is another layer's.
  int64_t weight_columns() const { return is_turned_ ? out_ : in_; }

  int tie(Setup& s) {
    const int id = tie_weight(s, "linear", "linear");
    const Shape& theirs = s.named()->plan.parameters[0].shape;
    is_turned_ = s.named()->type != "embed";
    s.require(
        is_turned_ || theirs == Shape{out_, in_},
        "tie: '{}' has {} classes of {} numbers, so a layer tied to it goes from {} to {}, not "
        "from {} to {}",
        tie_, theirs[0], theirs[1], theirs[1], theirs[0], in_, out_);
    s.require(
        !is_turned_ || theirs == Shape{in_, out_},
        "tie: '{}' goes from {} to {} features, so a layer tied to it goes from {} to {}, not "
        "from {} to {}",
        tie_, theirs[1], theirs[0], theirs[0], theirs[1], in_, out_);
    return id;
  }

  int64_t out_ = 0;
  bool has_bias_ = true;
  std::string tie_;
  bool is_turned_ = false;  // the weight is another layer's, [in, out]
  int64_t in_ = 0;
  Phase phase_ = Phase::kTrain;
  Absorbed absorbed_;
  int weight_ = -1, bias_ = -1, partials_ = -1;
  int folded_ = -1, folded_bias_ = -1, factors_ = -1;
};

}  // namespace

extern const LayerType linear_layer = {
    .name = "linear",
    .family = LayerType::Family::kDense,
    .makes_features = true,
    .has_filters = true,
    .summary = "fully connected layer",
    .example =
        "- {linear: 120, act: relu}\n"
        "- {linear: $classes, name: out}\n"
        "- {linear: 784, tie: enc}            # the transposed weights of layer 'enc'\n"
        "- {linear: 65, tie: words}           # scores of classes by the vectors of {embed: 128, "
        "name: words}",
    .details =
        "y = x W^T + b. [C] -> [out]; of a sequence [T,F] every position alike: [T,out]. An image "
        "needs 'flatten' before it.\n"
        "Weights: weight [out, in], bias [out].\n"
        "With `tie` the weight is that of another linear layer (or the atoms of a sparse_code), "
        "transposed: y = x V + b, V [in, "
        "out]. It is one parameter, in files too (under the other layer's name), trained by both "
        "gradients; its lr_mult, decay_mult, freeze and init are the other layer's. The vectors of "
        "an embed [classes, width] are taken as they are. The usual "
        "decoder of an autoencoder: {linear: 400, name: enc}, {linear: 784, tie: enc}.",
    .other_names = {"fc", "dense", "Linear", "inner_product", "fully_connected", "connected"},
    .make = make_layer<Linear>,
};

}  // namespace cnn

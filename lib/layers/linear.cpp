// linear: y = x W^T + b. x [C] or [T,F] (every position alike), weight [out, in], bias [out].
#include <algorithm>
#include <climits>

#include "base/parallel.h"
#include "kernels/gemm.h"
#include "kernels/reduce.h"
#include "layers/absorbed.h"
#include "layers/catalog.h"
#include "layers/window.h"

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
    weight_ = parameter("weight", {out_, in_}, Initializer::he_normal());
    if (has_bias_) bias_ = parameter("bias", {out_}, Initializer::constant(0));
    partials_ = s.scratch_backward(Per::kOnce,
                                   std::max(gemm_partials(out_, in_), column_sum_partials(out_)));
    s.plan().macs = capped_macs(in.positions(), in_ * out_);
    s.plan().kernel = "gemm";
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
    parallel_for(out_, grain_for(out_, in_), [&](int64_t begin, int64_t end) {
      for (int64_t o = begin; o < end; ++o) {
        for (int64_t i = o * in_; i < (o + 1) * in_; ++i) folded[i] = weight[i] * scale[o];
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
    gemm(Op::kNone, Op::kTranspose, call.input().rows(), out_, in_, call.input().data, in_, weight,
         in_, absorbed_.epilogue(call, bias), call.out.data, out_);
  }

  void backward(const BackwardCall& call) const override {
    absorbed_.mask_gradient(call);
    const int64_t rows = call.grad_out.rows();
    const float* grad_out = call.grad_out.data;
    float* partials = call.scratch(partials_);
    if (float* gradient = call.gradient(weight_)) {
      gemm(Op::kTranspose, Op::kNone, out_, in_, rows, 1, grad_out, out_, call.input().data, in_,
           call.adds_parameter(weight_) ? 1 : 0, gradient, in_, partials);
    }
    if (float* gradient = has_bias_ ? call.gradient(bias_) : nullptr) {
      column_sums(grad_out, rows, out_, call.adds_parameter(bias_), gradient, partials);
    }
    if (call.grad_input()) {
      gemm(Op::kNone, Op::kNone, rows, in_, out_, 1, grad_out, out_, call.parameter(weight_), in_,
           call.adds() ? 1 : 0, call.grad_input().data, in_);
    }
  }

 private:
  int64_t out_ = 0;
  bool has_bias_ = true;
  int64_t in_ = 0;
  Phase phase_ = Phase::kTrain;
  Absorbed absorbed_;
  int weight_ = -1, bias_ = -1, partials_ = -1;
  int folded_ = -1, folded_bias_ = -1, factors_ = -1;
};

}  // namespace

const LayerType linear_layer = {
    .name = "linear",
    .summary = "fully connected layer",
    .example = "- {linear: 120, act: relu}\n- {linear: $classes, name: out}",
    .details =
        "y = x W^T + b. [C] -> [out]; of a sequence [T,F] every position alike: [T,out]. An image "
        "needs 'flatten' before it.\n"
        "Weights: weight [out, in], bias [out].",
    .other_names = {"fc", "dense", "Linear", "inner_product", "fully_connected", "connected"},
    .make = make_layer<Linear>,
};

}  // namespace cnn

// conv1d: convolution along the items of a list [F].
//   y[t,o] = bias[o] + sum over i,k of w[o,i,k] x[t - before + k dilation, i]
// weight [out, in, kernel], stored as [out, kernel, in]: the items of a window lie side by side in
// a row of patches, and the convolution is one matrix product over the items of all samples.
//
// Waibel et al. 1989, "Phoneme recognition using time-delay neural networks"; Collobert et al.
// 2011; Kim 2014; causal with dilation: van den Oord et al. 2016, "WaveNet".
#include <algorithm>
#include <climits>

#include "base/parallel.h"
#include "kernels/gemm.h"
#include "kernels/reduce.h"
#include "layers/absorbed.h"
#include "layers/image/window.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

enum class ListPad { kSame, kCausal };

class Conv1d final : public Layer {
 public:
  void options(Options& o) override {
    o("out", out_, "numbers of an item that comes out")
        .primary()
        .required()
        .at_least(1)
        .aliases({"out_channels", "filters", "num_output", "features"});
    o("kernel", kernel_, "items that a window holds")
        .required()
        .between(1, 4096)
        .aliases({"kernel_size", "size", "width"});
    o.choice(
         "pad", pad_, {{"same", ListPad::kSame}, {"causal", ListPad::kCausal}},
         "where the window lies: around its item (of an even one the larger half behind it), or "
         "before it, so that no item sees those behind it")
        .aliases({"padding"});
    o("dilation", dilation_, "distance between the items of a window")
        .between(1, 65536)
        .aliases({"dilation_rate"});
    o("bias", has_bias_, "add a learned offset to every number").aliases({"use_bias"});
  }

  void setup(Setup& s) override {
    const Form& form = s.form();
    s.require(form.items.is_list,
              "conv1d: {} is no list of items; 'tokens' makes one of a sequence", s.describe(0));
    s.require(form.shape.rank() == 1, "conv1d: {} holds no items [F]", s.describe(0));
    in_ = form.shape[0];
    const int64_t columns = kernel_ * in_, most = form.items.most;
    s.require(std::max(columns, out_) <= INT_MAX, "conv1d: a window of {} numbers is beyond BLAS",
              columns);
    before_ = (kernel_ - 1) * dilation_ / (pad_ == ListPad::kSame ? 2 : 1);
    s.list_output({out_}, 0);
    weight_ = s.parameter({.name = "weight",
                           .shape = {out_, in_, kernel_},
                           .layout = {0, 2, 1},
                           .init = Initializer::he_normal(),
                           .fan_in = columns,
                           .fan_out = out_ * kernel_});
    if (has_bias_) {
      bias_ = s.parameter({.name = "bias",
                           .shape = {out_},
                           .layout = {},
                           .init = Initializer::constant(0),
                           .fan_in = columns,
                           .fan_out = out_});
    }
    patches_ = s.scratch_forward(Per::kSample, most * columns);
    backward_patches_ = s.scratch_backward(Per::kSample, most * columns);
    partials_ = s.scratch_backward(
        Per::kOnce, std::max(gemm_partials(out_, columns), column_sum_partials(out_)));
    s.plan().macs = capped_macs(most, out_ * columns);
    s.plan().kernel = "im2col";
    absorbed_.tell(s.plan());
  }

  bool absorb(const Follower& follower) override {
    return follower.tail.kind == Tail::Kind::kRectify && absorbed_.take(follower, Phase::kTrain);
  }

  void forward(const ForwardCall& call) const override {
    float* patches = call.scratch(patches_);
    gather(call, patches);
    const int64_t columns = kernel_ * in_;
    gemm(Op::kNone, Op::kTranspose, call.out.rows(), out_, columns, patches, columns,
         call.parameter(weight_), columns,
         absorbed_.epilogue(call, has_bias_ ? call.parameter(bias_) : nullptr), call.out.data,
         out_);
  }

  void backward(const BackwardCall& call) const override {
    absorbed_.mask_gradient(call);
    const int64_t rows = call.grad_out.rows(), columns = kernel_ * in_;
    const float* grad_out = call.grad_out.data;
    float *patches = call.scratch(backward_patches_), *partials = call.scratch(partials_);
    if (float* gradient = call.gradient(weight_)) {
      gather(call, patches);
      gemm(Op::kTranspose, Op::kNone, out_, columns, rows, 1, grad_out, out_, patches, columns,
           call.adds_parameter(weight_) ? 1 : 0, gradient, columns, partials);
    }
    if (float* gradient = has_bias_ ? call.gradient(bias_) : nullptr) {
      column_sums(grad_out, rows, out_, call.adds_parameter(bias_), gradient, partials);
    }
    if (!call.grad_input()) return;
    gemm(Op::kNone, Op::kNone, rows, columns, out_, 1, grad_out, out_, call.parameter(weight_),
         columns, 0, patches, columns);
    scatter(call, patches);
  }

 private:
  // body(its items' first number, how many items, its first patch) for every sample.
  template <class Body>
  void over_samples(const Call& call, Body body) const {
    const ConstView& list = call.input();
    const int64_t items = std::max<int64_t>(list.batch / std::max<int64_t>(call.batch, 1), 1);
    parallel_for(call.batch, grain_for(call.batch, items * kernel_ * in_),
                 [&](int64_t begin, int64_t end) {
                   for (int64_t n = begin; n < end; ++n) {
                     const int64_t first = list.first_item(n);
                     body(first * in_, list.items_of(n), first * kernel_ * in_);
                   }
                 });
  }

  void gather(const Call& call, float* patches) const {
    over_samples(call, [&](int64_t first, int64_t items, int64_t first_patch) {
      float* to = patches + first_patch;
      for (int64_t t = 0; t < items; ++t) {
        for (int64_t k = 0; k < kernel_; ++k, to += in_) {
          const int64_t from = t - before_ + k * dilation_;
          if (from < 0 || from >= items) {
            std::fill_n(to, in_, 0.0f);
          } else {
            std::copy_n(call.input().data + first + from * in_, in_, to);
          }
        }
      }
    });
  }

  // Every item gathers what the windows that hold it send back.
  void scatter(const BackwardCall& call, const float* patches) const {
    const bool add = call.adds();
    over_samples(call, [&](int64_t first, int64_t items, int64_t first_patch) {
      for (int64_t t = 0; t < items; ++t) {
        float* sum = call.grad_input().data + first + t * in_;
        if (!add) std::fill_n(sum, in_, 0.0f);
        for (int64_t k = 0; k < kernel_; ++k) {
          const int64_t window = t + before_ - k * dilation_;
          if (window < 0 || window >= items) continue;
          const float* from = patches + first_patch + (window * kernel_ + k) * in_;
          for (int64_t i = 0; i < in_; ++i) sum[i] += from[i];
        }
      }
    });
  }

  int64_t out_ = 0, kernel_ = 1, dilation_ = 1;
  ListPad pad_ = ListPad::kSame;
  bool has_bias_ = true;
  int64_t in_ = 1, before_ = 0;  // items of a window before its own
  Absorbed absorbed_;
  int weight_ = -1, bias_ = -1, patches_ = -1, backward_patches_ = -1, partials_ = -1;
};

}  // namespace

extern const LayerType conv1d_layer = {
    .name = "conv1d",
    .family = LayerType::Family::kConvolution,
    .mixes_items = true,
    .makes_features = true,
    .summary = "convolution along the items of a list: words of a text, samples of a signal",
    .example =
        "- {conv1d: 100, kernel: 3, act: relu}             # of every word and its neighbours\n"
        "- {conv1d: 64, kernel: 2, pad: causal, dilation: 4}",
    .details =
        "y[t,o] = bias[o] + sum over i,k of w[o,i,k] * x[t - before + k*dilation, i], for "
        "lists of "
        "items [F]; outside a sample's own items there are zeros. Lists keep their length, and may "
        "vary. ('conv' looks at every item by itself: a list of pictures goes through it.)\n"
        "`pad: same` has before = (kernel-1)*dilation / 2, `pad: causal` all of it.\n"
        "Weights, as PyTorch's Conv1d: weight [out, in, kernel], bias [out].\n"
        "Waibel et al. 1989, \"Phoneme recognition using time-delay neural networks\"; Kim 2014, "
        "\"Convolutional neural networks for sentence classification\"; van den Oord et al. 2016, "
        "\"WaveNet\" (causal, dilation).",
    .other_names = {"Conv1d", "Conv1D", "temporal_conv", "tdnn"},
    .make = make_layer<Conv1d>};

}  // namespace cnn

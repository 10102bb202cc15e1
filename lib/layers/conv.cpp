// conv: y[o] = bias[o] + sum over i, ky, kx of w[o, i, ky, kx] * x[i, ...]. Input [C,H,W], weight
// [out, C/groups, kernel], bias [out]; stored [kernel, C/groups, out] (kernels/conv/conv.h).
//
// LeCun et al. 1989, "Backpropagation applied to handwritten zip code recognition".
#include "kernels/conv/conv.h"

#include <algorithm>
#include <climits>

#include "kernels/reduce.h"
#include "layers/catalog.h"
#include "layers/pair_option.h"
#include "layers/window.h"

namespace cnn {
namespace {

constexpr int64_t kMaxTaps = 1 << 20;

class Conv final : public Layer {
 public:
  void options(Options& o) override {
    o("out", out_, "number of output channels")
        .primary()
        .required()
        .at_least(1)
        .aliases({"num_output", "out_channels", "filters", "features", "nb_filter"});
    o("kernel", window_.kernel, "height and width of the window")
        .required()
        .between(1, kMaxKernel)
        .aliases({"kernel_size", "size", "ksize", "kernel_shape", "filter_size"});
    o("stride", window_.stride, "step from one window to the next")
        .between(1, kMaxStep)
        .aliases({"strides", "step", "subsample"});
    o("pad", window_.pad, "rows and columns of zeros on every side")
        .between(0, kMaxStep)
        .aliases({"padding", "pads"});
    o("dilation", window_.dilation, "distance between the window's taps")
        .between(1, kMaxStep)
        .aliases({"dilations", "dilation_rate", "atrous"});
    o("groups", groups_, "equal parts of the channels that do not see each other")
        .at_least(1)
        .aliases({"group", "num_group"});
    o("bias", has_bias_, "add a learned offset to every channel")
        .aliases({"use_bias", "bias_term"});
    o.choice("fit", fit_, {{"floor", Fit::kFloor}, {"ceil", Fit::kCeil}, {"exact", Fit::kExact}},
             "what to do with rows and columns that are left over: ignore them, let a window hang "
             "over the edge, or report an error");
  }

  void setup(Setup& s) override {
    const Shape& in = s.input();
    s.require(in.rank() == 3, "conv expects an image [C,H,W], found {}", in.str());
    s.require(out_ <= INT_MAX, "{} output channels are beyond BLAS: sizes end at {}", out_, INT_MAX);
    s.require(in.channels() % groups_ == 0, "groups: {} does not divide the {} input channels",
              groups_, in.channels());
    s.require(out_ % groups_ == 0, "groups: {} does not divide the {} output channels", groups_,
              out_);
    const Pair out = fit_windows(in, window_, fit_);
    s.output({out_, out.h, out.w});
    shape_ = {in.channels(),  in.height(), in.width(),       out_,   out.h, out.w, window_.kernel,
              window_.stride, window_.pad, window_.dilation, groups_};
    const int64_t taps = shape_.taps();
    s.require(taps <= kMaxTaps, "a kernel of {} x {} is beyond the limit of {} taps",
              window_.kernel.h, window_.kernel.w, kMaxTaps);
    s.require(shape_.group_in() <= INT_MAX / taps,
              "{} input channels under a kernel of {} taps are beyond BLAS: the product ends at {}",
              shape_.group_in(), taps, INT_MAX);
    weight_ = s.parameter({.name = "weight",
                           .shape = {out_, shape_.group_in(), window_.kernel.h, window_.kernel.w},
                           .layout = {2, 3, 1, 0},
                           .init = Initializer::he_normal(),
                           .fan_in = shape_.group_in() * taps,
                           .fan_out = shape_.group_out() * taps});
    if (has_bias_) {
      bias_ = s.parameter({.name = "bias",
                           .shape = {out_},
                           .layout = {},
                           .init = Initializer::constant(0),
                           .fan_in = shape_.group_in() * taps,
                           .fan_out = shape_.group_out() * taps});
    }
    choose_kernels(s);
    s.plan().macs = capped_macs(shape_.out_pixels(), shape_.weight_count());
    s.plan().window = window_;
    s.plan().backward_reads_output = false;
  }

  void forward(const ForwardCall& call) const override {
    forward_->run(call.batch, call.input().data, call.parameter(weight_),
                  has_bias_ ? call.parameter(bias_) : nullptr, call.out.data,
                  {call.scratch(forward_threads_), call.scratch(forward_once_)});
  }

  void backward(const BackwardCall& call) const override {
    const ConvMemory memory{call.scratch(backward_threads_), call.scratch(backward_once_)};
    const float* grad_out = call.grad_out.data;
    if (float* gradient = call.gradient(weight_)) {
      weights_->run(call.batch, call.input().data, grad_out, call.adds_parameter(weight_), gradient,
                    memory);
    }
    if (float* gradient = has_bias_ ? call.gradient(bias_) : nullptr) {
      column_sums(grad_out, call.grad_out.rows(), out_, call.adds_parameter(bias_), gradient,
                  memory.once);
    }
    if (call.grad_input()) {
      data_->run(call.batch, grad_out, call.parameter(weight_), call.adds(), call.grad_input().data,
                 memory);
    }
  }

 private:
  // The algorithms, their memory (the three products of backward share theirs) and their names.
  void choose_kernels(Setup& s) {
    forward_ = pick_conv_forward(shape_);
    data_ = pick_conv_backward_data(shape_);
    weights_ = pick_conv_backward_weights(shape_);
    const ConvScratch forward = forward_->scratch();
    const ConvScratch data = data_->scratch(), weights = weights_->scratch();
    forward_threads_ = s.scratch_forward(Per::kThread, forward.per_thread);
    forward_once_ = s.scratch_forward(Per::kOnce, forward.once);
    backward_threads_ =
        s.scratch_backward(Per::kThread, std::max(data.per_thread, weights.per_thread));
    backward_once_ = s.scratch_backward(
        Per::kOnce,
        std::max({data.once, weights.once, has_bias_ ? column_sum_partials(out_) : int64_t{0}}));
    const std::string name = forward_->name();
    s.plan().kernel =
        name == data_->name() && name == weights_->name()
            ? name
            : fmt::format("{} (data {}, weights {})", name, data_->name(), weights_->name());
  }

  int64_t out_ = 0;
  Window window_;
  int64_t groups_ = 1;
  bool has_bias_ = true;
  Fit fit_ = Fit::kFloor;

  ConvShape shape_;
  std::unique_ptr<ConvForward> forward_;
  std::unique_ptr<ConvBackwardData> data_;
  std::unique_ptr<ConvBackwardWeights> weights_;
  int weight_ = -1, bias_ = -1;
  int forward_threads_ = -1, forward_once_ = -1, backward_threads_ = -1, backward_once_ = -1;
};

}  // namespace

const LayerType conv_layer = {
    .name = "conv",
    .summary = "convolution over an image",
    .example =
        "- {conv: 6, kernel: 5, pad: 2, act: relu}\n"
        "- {conv: 64, kernel: [1, 7], stride: 2, pad: [0, 3], bias: false}\n"
        "- {conv: 256, kernel: 3, pad: 1, groups: 2}",
    .details =
        "y[o,a,b] = bias[o] + sum over i,ky,kx of w[o,i,ky,kx] * x[i, a*stride - pad + "
        "ky*dilation, b*stride - pad + kx*dilation], zeros outside the image.\n"
        "[C,H,W] -> [out,H',W'] with H' = (H + 2*pad - (kernel-1)*dilation - 1) / stride + 1, "
        "rounded as `fit` says. With `fit: ceil` the last window may hang over the lower or right "
        "edge (zeros), but must start inside the image or the padding before it.\n"
        "Weights: weight [out, C/groups, kernel, kernel], bias [out]. groups = C = out is a "
        "depthwise convolution.\n"
        "LeCun et al. 1989, \"Backpropagation applied to handwritten zip code recognition\".",
    .other_names = {"conv2d", "Conv2d", "convolution", "convolutional", "conv_2d"},
    .make = make_layer<Conv>,
};

}  // namespace cnn

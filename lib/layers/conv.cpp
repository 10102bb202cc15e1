// conv: y[o] = bias[o] + sum over i, ky, kx of w[o, i, ky, kx] * x[i, ...]. Input [C,H,W], weight
// [out, C/groups, kernel], bias [out]; stored [kernel, C/groups, out] (kernels/conv/conv.h).
//
// LeCun et al. 1989, "Backpropagation applied to handwritten zip code recognition".
#include "kernels/conv/conv.h"

#include <algorithm>
#include <climits>

#include "base/parallel.h"
#include "kernels/reduce.h"
#include "layers/absorbed.h"
#include "layers/catalog.h"
#include "layers/connections.h"
#include "layers/pair_option.h"
#include "layers/tie.h"
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
    o("exact", exact_,
      "add up the products as they are, without Winograd's transforms, which take fewer and round "
      "a little more");
    o("connect", connect_,
      "which input channels every output channel sees, a list for each: [[0, 1], [1, 2], ...], or "
      "lenet5 (16 channels over 6); all of them if not given")
        .aliases({"connection_table", "connections"});
    o("tie", tie_, "an upconv whose weights are this one's too: its transpose")
        .names_layer(tie_)
        .aliases({"tied", "tied_to", "share", "tie_weights"});
  }

  void setup(Setup& s) override {
    const Shape& in = s.input();
    s.require(in.rank() == 3, "conv expects an image [C,H,W], found {}", in.str());
    s.require(out_ <= INT_MAX, "{} output channels are beyond BLAS: sizes end at {}", out_,
              INT_MAX);
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
    declare_parameters(s);
    choose_kernels(s);
    s.plan().macs = capped_macs(shape_.out_pixels(),
                                connect_ ? connections_.count() * taps : shape_.weight_count());
    s.plan().window = window_;
    absorbed_.tell(s.plan());
  }

  bool absorb(const Follower& follower) override { return absorbed_.take(follower, phase_); }

  // From the weights as they are stored to what the forward algorithm reads.
  void prepare(const PrepareCall& call) const override {
    const float* weight = call.parameter(weight_);
    if (connect_) {
      connections_.spread(weight, call.scratch(dense_));
      weight = call.scratch(dense_);
    }
    if (absorbed_.scales()) {
      fold(call, weight);
      weight = call.scratch(folded_);
    }
    if (forward_->derived() > 0) forward_->derive(weight, call.scratch(derived_));
  }

  void forward(const ForwardCall& call) const override {
    if (phase_ == Phase::kTrain) prepare({call.parameters, call.memory});
    const float* bias = has_bias_ ? call.parameter(bias_) : nullptr;
    const float* weight = connect_ ? call.scratch(dense_) : call.parameter(weight_);
    if (absorbed_.scales()) {
      bias = call.scratch(folded_bias_);
      weight = call.scratch(folded_);
    }
    forward_->run(
        call.batch, call.input().data, weight, absorbed_.epilogue(call, bias), call.out.data,
        {call.scratch(forward_threads_), call.scratch(forward_once_), call.scratch(derived_)});
  }

  void backward(const BackwardCall& call) const override {
    const ConvMemory memory{call.scratch(backward_threads_), call.scratch(backward_once_)};
    const float* grad_out = call.grad_out.data;
    absorbed_.mask_gradient(call);
    if (float* gradient = call.gradient(weight_)) {
      backward_weight(call, memory, gradient);
    }
    if (float* gradient = has_bias_ ? call.gradient(bias_) : nullptr) {
      column_sums(grad_out, call.grad_out.rows(), out_, call.adds_parameter(bias_), gradient,
                  memory.once);
    }
    if (!call.grad_input()) return;
    const float* weight = call.parameter(weight_);
    if (connect_) {
      connections_.spread(weight, call.scratch(backward_dense_));
      weight = call.scratch(backward_dense_);
    }
    data_->run(call.batch, grad_out, weight, call.adds(), call.grad_input().data, memory);
  }

 private:
  void declare_parameters(Setup& s) {
    const int64_t taps = shape_.taps();
    int64_t seen = shape_.group_in(), reached = shape_.group_out();  // channels, for the fans
    Shape shape{out_, shape_.group_in(), window_.kernel.h, window_.kernel.w};
    std::vector<int> layout{2, 3, 1, 0};
    if (connect_) {
      s.require(groups_ == 1, "connect: a table says who sees whom; it cannot have groups");
      connections_ = Connections(s, *connect_, shape_.in_channels, out_, taps);
      seen = std::max<int64_t>(1, connections_.count() / out_);
      reached = std::max<int64_t>(1, connections_.count() / shape_.in_channels);
      shape = {connections_.count(), window_.kernel.h, window_.kernel.w};
      layout = {1, 2, 0};
    }
    const auto parameter = [&](const char* name, const Shape& sizes, std::vector<int> order,
                               Initializer init) {
      return s.parameter({.name = name,
                          .shape = sizes,
                          .layout = std::move(order),
                          .init = init,
                          .fan_in = seen * taps,
                          .fan_out = reached * taps});
    };
    weight_ = tie_.empty() ? parameter("weight", shape, layout, Initializer::he_normal())
                           : tie_weight(s, "conv", "upconv", shape);
    if (has_bias_) bias_ = parameter("bias", {out_}, {}, Initializer::constant(0));
  }

  void backward_weight(const BackwardCall& call, ConvMemory memory, float* gradient) const {
    const bool add = call.adds_parameter(weight_);
    const float *in = call.input().data, *grad_out = call.grad_out.data;
    if (!connect_) return weights_->run(call.batch, in, grad_out, add, gradient, memory);
    float* dense = call.scratch(backward_dense_);
    weights_->run(call.batch, in, grad_out, false, dense, memory);
    connections_.gather(dense, add, gradient);
  }

  // The algorithms, their memory (the three products of backward share theirs) and their names.
  void choose_kernels(Setup& s) {
    forward_ = pick_conv_forward(shape_, exact_);
    data_ = pick_conv_backward_data(shape_, exact_);
    weights_ = pick_conv_backward_weights(shape_, exact_);
    book_weights(s);
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

  // Scaled weights and bias, as the layer that has been absorbed scales the sums.
  void fold(const PrepareCall& call, const float* weight) const {
    float *scale = call.scratch(factors_), *offset = scale + out_;
    absorbed_.scale(call.parameters, scale, offset);
    fold_bias(scale, offset, has_bias_ ? call.parameter(bias_) : nullptr, out_,
              call.scratch(folded_bias_));
    float* folded = call.scratch(folded_);
    const int64_t rows = shape_.weight_count() / out_;
    parallel_for(rows, grain_for(rows, out_), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin * out_; i < end * out_; i += out_) {
        for (int64_t o = 0; o < out_; ++o) folded[i + o] = weight[i + o] * scale[o];
      }
    });
  }

  // The forms of the weights on their way to the algorithm: in testing the last one stays, in
  // training none does.
  void book_weights(Setup& s) {
    phase_ = s.phase();
    const bool scales = absorbed_.scales();
    const int64_t dense = connect_ ? connections_.dense_count() : 0;
    const int64_t folded = scales ? shape_.weight_count() : 0;
    const int64_t derived = forward_->derived();
    backward_dense_ = s.scratch_backward(Per::kOnce, dense);
    if (phase_ == Phase::kTrain) {
      dense_ = s.scratch_forward(Per::kOnce, dense);
      derived_ = s.scratch_forward(Per::kOnce, derived);
      return;
    }
    const auto book = [&](bool is_last, int64_t count) {
      return is_last ? s.derived(count) : s.scratch_prepare(Per::kOnce, count);
    };
    dense_ = book(!scales && derived == 0, dense);
    folded_ = book(derived == 0, folded);
    derived_ = s.derived(derived);
    folded_bias_ = s.derived(scales ? out_ : 0);
    factors_ = s.scratch_prepare(Per::kOnce, scales ? 2 * out_ : 0);
  }

  int64_t out_ = 0;
  Window window_;
  int64_t groups_ = 1;
  bool has_bias_ = true;
  Fit fit_ = Fit::kFloor;
  bool exact_ = false;
  std::optional<ConnectionTable> connect_;
  std::string tie_;

  Phase phase_ = Phase::kTrain;
  ConvShape shape_;
  Connections connections_;  // of connect_
  std::unique_ptr<ConvForward> forward_;
  std::unique_ptr<ConvBackwardData> data_;
  std::unique_ptr<ConvBackwardWeights> weights_;
  int weight_ = -1, bias_ = -1;
  int forward_threads_ = -1, forward_once_ = -1, backward_threads_ = -1, backward_once_ = -1;
  int dense_ = -1, folded_ = -1, derived_ = -1, backward_dense_ = -1;
  int folded_bias_ = -1, factors_ = -1;
  Absorbed absorbed_;
};

}  // namespace

const LayerType conv_layer = {
    .name = "conv",
    .summary = "convolution over an image",
    .example =
        "- {conv: 6, kernel: 5, pad: 2, act: relu}\n"
        "- {conv: 64, kernel: [1, 7], stride: 2, pad: [0, 3], bias: false}\n"
        "- {conv: 256, kernel: 3, pad: 1, groups: 2}\n"
        "- {conv: 16, kernel: 5, connect: lenet5}",
    .details =
        "y[o,a,b] = bias[o] + sum over i,ky,kx of w[o,i,ky,kx] * x[i, a*stride - pad + "
        "ky*dilation, b*stride - pad + kx*dilation], zeros outside the image.\n"
        "[C,H,W] -> [out,H',W'] with H' = (H + 2*pad - (kernel-1)*dilation - 1) / stride + 1, "
        "rounded as `fit` says. With `fit: ceil` the last window may hang over the lower or right "
        "edge (zeros), but must start inside the image or the padding before it.\n"
        "Weights: weight [out, C/groups, kernel, kernel], bias [out]. groups = C = out is a "
        "depthwise convolution.\n"
        "With `connect`, output channel o sees only the input channels of the o-th list, and only "
        "those weights exist: weight [connections, kernel, kernel], by output channel, then by "
        "input channel. `lenet5` is the table of that network's layer C3 (LeCun et al. 1998, table "
        "I), whose 16 channels see 3, 4 or all of 6: 60 connections, so 60 * 25 weights and 16 "
        "biases are 1,516 parameters with a 5x5 kernel; all channels of all would be 2,416.\n"
        "With `tie` the weight is that of an upconv with as many output channels as this layer has "
        "input channels, and the other way round ('upconv').\n"
        "LeCun et al. 1989, \"Backpropagation applied to handwritten zip code recognition\".",
    .other_names = {"conv2d", "Conv2d", "convolution", "convolutional", "conv_2d"},
    .make = make_layer<Conv>,
};

}  // namespace cnn

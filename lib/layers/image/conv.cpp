// conv: y[o] = bias[o] + sum over i, ky, kx of w[o, i, ky, kx] * x[i, ...], of volumes over kz too.
// Input [C,H,W] or [C,D,H,W], weight [out, C/groups, kernel], bias [out]; stored [kernel, C/groups,
// out] (kernels/conv/conv.h).
//
// LeCun et al. 1989, "Backpropagation applied to handwritten zip code recognition".
#include "kernels/conv/conv.h"

#include <algorithm>

#include "base/parallel.h"
#include "kernels/reduce.h"
#include "layers/absorbed.h"
#include "layers/image/connections.h"
#include "layers/image/conv_options.h"
#include "layers/image/window.h"
#include "layers/layer_type.h"
#include "layers/tie.h"

namespace cnn {
namespace {

class Conv final : public Layer {
 public:
  void options(Options& o) override {
    const ConvOptions::Words words = {
        "height and width of the window, of volumes depth first",
        "step from one window to the next",
        {"strides", "step", "subsample"},
        "rows and columns (and slices) of zeros: on every side, along "
        "each axis, or [top, bottom, left, right] (of volumes front "
        "and back first); same: the output keeps the size",
        "an upconv whose weights are this one's too: its transpose"};
    options_.declare_window(o, words, ConvOptions::Takes::kVolumesToo);
    o.choice("fit", fit_, {{"floor", Fit::kFloor}, {"ceil", Fit::kCeil}, {"exact", Fit::kExact}},
             "what to do with rows and columns (and slices) that are left over: ignore them, let a "
             "window hang "
             "over the edge, or report an error");
    o("connect", connect_,
      "which input channels every output channel sees, a list for each: [[0, 1], [1, 2], ...], or "
      "lenet5 (16 channels over 6); all of them if not given")
        .aliases({"connection_table", "connections"});
    options_.declare_product(o, words);
  }

  void setup(Setup& s) override {
    const Shape& in = s.input();
    options_.settle(s, "conv", ConvOptions::Takes::kVolumesToo);
    s.require(in.is_picture() || !connect_,
              "connect: a table of connections is for images [C,H,W], found {}", in.str());
    s.require(
        in.is_picture() || options_.tie.empty(),
        "tie: an upconv has images [C,H,W], so only their conv can share its weights; found {}",
        in.str());
    const Extents out = fit_windows(in, options_.window, fit_);
    s.output(in.resized(options_.out, out));
    shape_ = {in.channels(),          in.extents(),
              options_.out,           out,
              options_.window.kernel, options_.window.stride,
              options_.window.pad,    options_.window.dilation,
              options_.groups};
    const int64_t taps = shape_.taps();
    options_.check_kernel(s, shape_, shape_.group_in());
    declare_parameters(s);
    choose_kernels(s);
    s.plan().macs = capped_macs(shape_.out_pixels(),
                                connect_ ? connections_.count() * taps : shape_.weight_count());
    s.plan().window = options_.window;
    absorbed_.tell(s.plan());
  }

  std::string size_arithmetic(std::span<const Form> inputs, const LayerPlan& plan) const override {
    return window_arithmetic(inputs[0].shape, options_.window, plan.output());
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
    const float* bias = options_.has_bias ? call.parameter(bias_) : nullptr;
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
    if (float* gradient = options_.has_bias ? call.gradient(bias_) : nullptr) {
      column_sums(grad_out, call.grad_out.rows(), options_.out, call.adds_parameter(bias_),
                  gradient, memory.once);
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
    const Extents& kernel = options_.window.kernel;
    Shape shape{options_.out, shape_.group_in(), kernel.h, kernel.w};
    std::vector<int> layout{2, 3, 1, 0};
    if (s.input().is_volume()) {
      shape = {options_.out, shape_.group_in(), kernel.d, kernel.h, kernel.w};
      layout = {2, 3, 4, 1, 0};
    }
    if (connect_) {
      s.require(options_.groups == 1, "connect: a table says who sees whom; it cannot have groups");
      connections_ = Connections(s, *connect_, shape_.in_channels, options_.out, taps);
      seen = std::max<int64_t>(1, connections_.count() / options_.out);
      reached = std::max<int64_t>(1, connections_.count() / shape_.in_channels);
      shape = {connections_.count(), kernel.h, kernel.w};
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
    weight_ = options_.tie.empty() ? parameter("weight", shape, layout, Initializer::he_normal())
                                   : tie_weight(s, "conv", "upconv", shape);
    if (options_.has_bias) bias_ = parameter("bias", {options_.out}, {}, Initializer::constant(0));
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
    forward_ = pick_conv_forward(shape_, options_.exact);
    data_ = pick_conv_backward_data(shape_, options_.exact);
    weights_ = pick_conv_backward_weights(shape_, options_.exact);
    book_weights(s);
    const ConvScratch forward = forward_->scratch();
    const ConvScratch data = data_->scratch(), weights = weights_->scratch();
    forward_threads_ = s.scratch_forward(Per::kThread, forward.per_thread);
    forward_once_ = s.scratch_forward(Per::kOnce, forward.once);
    backward_threads_ =
        s.scratch_backward(Per::kThread, std::max(data.per_thread, weights.per_thread));
    backward_once_ = s.scratch_backward(
        Per::kOnce, std::max({data.once, weights.once,
                              options_.has_bias ? column_sum_partials(options_.out) : int64_t{0}}));
    options_.name_kernels(s, shape_, *forward_, *data_, *weights_);
  }

  // Scaled weights and bias, as the layer that has been absorbed scales the sums.
  void fold(const PrepareCall& call, const float* weight) const {
    float *scale = call.scratch(factors_), *offset = scale + options_.out;
    absorbed_.scale(call.parameters, scale, offset);
    fold_bias(scale, offset, options_.has_bias ? call.parameter(bias_) : nullptr, options_.out,
              call.scratch(folded_bias_));
    float* folded = call.scratch(folded_);
    const int64_t rows = shape_.weight_count() / options_.out;
    parallel_for(rows, grain_for(rows, options_.out), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin * options_.out; i < end * options_.out; i += options_.out) {
        for (int64_t o = 0; o < options_.out; ++o) folded[i + o] = weight[i + o] * scale[o];
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
    folded_bias_ = s.derived(scales ? options_.out : 0);
    factors_ = s.scratch_prepare(Per::kOnce, scales ? 2 * options_.out : 0);
  }

  ConvOptions options_;
  Fit fit_ = Fit::kFloor;
  std::optional<ConnectionTable> connect_;

  Phase phase_ = Phase::kTrain;
  ConvShape shape_;
  Connections connections_;  // of connect_
  std::shared_ptr<const ConvForward> forward_;
  std::shared_ptr<const ConvBackwardData> data_;
  std::shared_ptr<const ConvBackwardWeights> weights_;
  int weight_ = -1, bias_ = -1;
  int forward_threads_ = -1, forward_once_ = -1, backward_threads_ = -1, backward_once_ = -1;
  int dense_ = -1, folded_ = -1, derived_ = -1, backward_dense_ = -1;
  int folded_bias_ = -1, factors_ = -1;
  Absorbed absorbed_;
};

}  // namespace

extern const LayerType conv_layer = {
    .name = "conv",
    .family = LayerType::Family::kConvolution,
    .makes_features = true,
    .shows_field = true,
    .has_filters = true,
    .summary = "convolution over an image or a volume",
    .example =
        "- {conv: 6, kernel: 5, pad: 2, act: relu}\n"
        "- {conv: 64, kernel: [1, 7], stride: 2, pad: [0, 3], bias: false}\n"
        "- {conv: 256, kernel: 3, pad: 1, groups: 2}\n"
        "- {conv: 32, kernel: 4, pad: same}                # as large as its input\n"
        "- {conv: 32, kernel: 3, stride: 2, pad: [0, 1, 0, 1]}\n"
        "- {conv: 16, kernel: 5, connect: lenet5}\n"
        "- {conv: 32, kernel: [1, 3, 3], pad: [0, 1, 1]}   # of a volume [C,D,H,W]",
    .details =
        "y[o,a,b] = bias[o] + sum over i,ky,kx of w[o,i,ky,kx] * x[i, a*stride - pad + "
        "ky*dilation, b*stride - pad + kx*dilation], zeros outside the image. This is a "
        "correlation, as in all tools for networks: the convolution of signal processing turns the "
        "kernel by 180 degrees first.\n"
        "[C,H,W] -> [out,H',W'] with H' = (H + 2*pad - (kernel-1)*dilation - 1) / stride + 1, "
        "rounded as `fit` says. With `fit: ceil` the last window may hang over the lower or right "
        "edge (zeros), but must start inside the image or the padding before it. `pad: same` makes "
        "H' "
        "= ceil(H / stride); half of the zeros lie above, and an odd row lies below.\n"
        "Volumes (slices of a scan, pictures of a film): [C,D,H,W] -> [out,D',H',W'], the same "
        "along three axes. `kernel: 3` is then 3 x 3 x 3, and a list has three numbers, [d, h, w]: "
        "`kernel: [3, 1, 1]` looks along the depth alone. `connect` and `tie` are for images.\n"
        "Weights: weight [out, C/groups, kernel, kernel], of volumes [out, C/groups, kernel, "
        "kernel, kernel], bias [out]. groups = C = out is a depthwise convolution.\n"
        "With `connect`, output channel o sees only the input channels of the o-th list, and only "
        "those weights exist: weight [connections, kernel, kernel], by output channel, then by "
        "input channel. `lenet5` is the table of that network's layer C3 (LeCun et al. 1998, table "
        "I), whose 16 channels see 3, 4 or all of 6: 60 connections, so 60 * 25 weights and 16 "
        "biases are 1,516 parameters with a 5x5 kernel; all channels of all would be 2,416.\n"
        "With `tie` the weight is that of an upconv with as many output channels as this layer has "
        "input channels, and the other way round ('upconv').\n"
        "LeCun et al. 1989, \"Backpropagation applied to handwritten zip code recognition\".",
    .other_names = {"conv2d", "Conv2d", "convolution", "convolutional", "conv_2d", "conv3d",
                    "Conv3d", "conv_3d"},
    .make = make_layer<Conv>,
};

}  // namespace cnn

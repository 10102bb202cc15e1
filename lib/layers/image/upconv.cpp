// upconv: transposed convolution: every input pixel adds its kernel, weighted, to the output.
//   y[o, a*stride - pad + ky*dilation, ...] += w[i, o, ky, kx] * x[i, a, b], and y[o] += bias[o]
// Weight [C, out/groups, kernel], bias [out]. It is the gradient of a convolution with respect to
// that one's input, so the products of kernels/conv/conv.h serve it with their roles exchanged: the
// convolution reads this layer's output and writes its input. Stored as there:
// [kernel, out/groups, C].
//
// Zeiler et al. 2010, "Deconvolutional networks"; Long et al. 2015, "Fully convolutional networks
// for semantic segmentation".
#include <algorithm>
#include <optional>

#include "kernels/conv/conv.h"
#include "kernels/patches.h"
#include "kernels/reduce.h"
#include "layers/image/conv_options.h"
#include "layers/image/window.h"
#include "layers/layer_type.h"
#include "layers/tie.h"

namespace cnn {
namespace {

class Upconv final : public Layer {
 public:
  void options(Options& o) override {
    const ConvOptions::Words words = {
        "height and width of the window",
        "factor by which the image grows",
        {"strides", "step", "scale", "factor"},
        "rows and columns that are cut off on every side of the output",
        "a conv whose weights are this one's too: its transpose"};
    options_.declare_window(o, words, ConvOptions::Takes::kPictures);
    o("output_pad", output_pad_, "more rows and columns at the lower and right edge of the output")
        .between(0, kMaxStep)
        .aliases({"output_padding", "adj", "output_shape"});
    options_.declare_product(o, words);
  }

  void setup(Setup& s) override {
    const Shape& in = s.input();
    options_.settle(s, "upconv", ConvOptions::Takes::kPictures);
    const Extents out = output_size(s);
    s.output(in.resized(options_.out, out));
    shape_ = {options_.out,           out,
              in.channels(),          in.extents(),
              options_.window.kernel, options_.window.stride,
              options_.window.pad,    options_.window.dilation,
              options_.groups};
    const int64_t taps = shape_.taps();
    options_.check_kernel(s, shape_, std::max(shape_.group_in(), shape_.group_out()));
    declare_parameters(s);
    choose_kernels(s);
    s.plan().macs = capped_macs(shape_.out_count(), shape_.group_in() * taps);
    s.plan().window = options_.window;
    s.plan().backward_reads_output = false;
  }

  std::string size_arithmetic(std::span<const Form> inputs, const LayerPlan& plan) const override {
    const Window& w = options_.window;
    const auto along = [&](int64_t Extents::*axis) {
      const int64_t size = inputs[0].shape.extents().*axis, out = plan.output().extents().*axis;
      const int64_t span = (w.kernel.*axis - 1) * w.dilation.*axis + 1, pad = w.pad.*axis;
      const int64_t more = out - ((size - 1) * w.stride.*axis + span - 2 * pad);
      std::string text = fmt::format("({} - 1)*{} + {}", size, w.stride.*axis, span);
      if (pad > 0) text += fmt::format(" - 2*{}", pad);
      if (more > 0) text += fmt::format(" + {}", more);
      return fmt::format("{} = {}", text, out);
    };
    const std::string rows = along(&Extents::h), columns = along(&Extents::w);
    return rows == columns ? rows : rows + ", " + columns;
  }

  void forward(const ForwardCall& call) const override {
    const ConvMemory memory{call.scratch(forward_threads_), call.scratch(forward_once_)};
    const float *x = call.input().data, *w = call.parameter(weight_);
    const float* bias = options_.has_bias ? call.parameter(bias_) : nullptr;
    if (patches_) return patches_->spread(call.batch, x, w, bias, call.out.data, memory);
    if (bias) fill_rows_parallel(call.out.data, call.out.rows(), options_.out, bias);
    forward_->run(call.batch, x, w, bias != nullptr, call.out.data, memory);
  }

  void backward(const BackwardCall& call) const override {
    const ConvMemory memory{call.scratch(backward_threads_), call.scratch(backward_once_)};
    const float *x = call.input().data, *grad_out = call.grad_out.data;
    if (float* gradient = call.gradient(weight_)) {
      const bool add = call.adds_parameter(weight_);
      if (patches_) {
        patches_->weights(call.batch, grad_out, x, add, gradient, memory);
      } else {
        weights_->run(call.batch, grad_out, x, add, gradient, memory);
      }
    }
    if (float* gradient = options_.has_bias ? call.gradient(bias_) : nullptr) {
      column_sums(grad_out, call.grad_out.rows(), options_.out, call.adds_parameter(bias_),
                  gradient, memory.once);
    }
    if (call.grad_input()) backward_data(call, memory);
  }

 private:
  // With one window in each direction: (H - 1) * stride - 2 * pad + extent + output_pad.
  Extents output_size(const Setup& s) const {
    const auto along = [&](const char* axis, int64_t size, int64_t kernel, int64_t stride,
                           int64_t pad, int64_t dilation, int64_t more) {
      s.require(more < std::max(stride, dilation),
                "output_pad {} must be smaller than the stride {} or the dilation {}", more, stride,
                dilation);
      const int64_t whole = (size - 1) * stride + (kernel - 1) * dilation + 1 + more;
      s.require(whole > 2 * pad, "pad {} on both sides cuts off all {} {} of the output", pad,
                whole, axis);
      return whole - 2 * pad;
    };
    const Shape& in = s.input();
    const Window& w = options_.window;
    const Extents more = output_pad_.resolve(s, "output_pad", 0);
    return Extents::picture(
        along("rows", in.height(), w.kernel.h, w.stride.h, w.pad.h, w.dilation.h, more.h),
        along("columns", in.width(), w.kernel.w, w.stride.w, w.pad.w, w.dilation.w, more.w));
  }

  // An output pixel sums over a kernel's taps, but only over every stride-th of them.
  void declare_parameters(Setup& s) {
    const int64_t taps = shape_.taps(), steps = options_.window.stride.h * options_.window.stride.w;
    const auto parameter = [&](const char* name, const Shape& sizes, std::vector<int> order,
                               Initializer init) {
      return s.parameter({.name = name,
                          .shape = sizes,
                          .layout = std::move(order),
                          .init = init,
                          .fan_in = std::max<int64_t>(1, shape_.group_out() * taps / steps),
                          .fan_out = shape_.group_in() * taps});
    };
    const Shape sizes{shape_.out_channels, shape_.group_in(), options_.window.kernel.h,
                      options_.window.kernel.w};
    weight_ = options_.tie.empty()
                  ? parameter("weight", sizes, {2, 3, 1, 0}, Initializer::he_normal())
                  : tie_weight(s, "upconv", "conv", sizes);
    if (options_.has_bias) bias_ = parameter("bias", {options_.out}, {}, Initializer::constant(0));
  }

  void backward_data(const BackwardCall& call, ConvMemory memory) const {
    const float *grad_out = call.grad_out.data, *w = call.parameter(weight_);
    float* grad_in = call.grad_input().data;
    if (patches_) {
      patches_->gather(call.batch, grad_out, w, call.adds(), grad_in, memory);
      return;
    }
    float* derived = call.scratch(derived_);
    if (data_->derived() > 0) data_->derive(w, derived);
    memory.derived = derived;
    Epilogue epilogue;
    if (call.adds()) epilogue.residual = grad_in;
    data_->run(call.batch, grad_out, w, epilogue, grad_in, memory);
  }

  void choose_kernels(Setup& s) {
    ConvScratch forward, data, weights;
    if (Patches::accepts(shape_)) {
      patches_.emplace(shape_);
      forward = data = patches_->scratch();
      weights = patches_->weights_scratch();
      s.plan().kernel = "patches";
      s.plan().kernel_why = "patches (windows that do not overlap: one matrix product)";
    } else {
      forward_ = pick_conv_backward_data(shape_, options_.exact);
      data_ = pick_conv_forward(shape_, options_.exact);
      weights_ = pick_conv_backward_weights(shape_, options_.exact);
      forward = forward_->scratch();
      data = data_->scratch();
      weights = weights_->scratch();
      options_.name_kernels(s, shape_, *forward_, *data_, *weights_);
    }
    forward_threads_ = s.scratch_forward(Per::kThread, forward.per_thread);
    forward_once_ = s.scratch_forward(Per::kOnce, forward.once);
    backward_threads_ =
        s.scratch_backward(Per::kThread, std::max(data.per_thread, weights.per_thread));
    backward_once_ = s.scratch_backward(
        Per::kOnce, std::max({data.once, weights.once,
                              options_.has_bias ? column_sum_partials(options_.out) : int64_t{0}}));
    derived_ = s.scratch_backward(Per::kOnce, patches_ ? 0 : data_->derived());
  }

  ConvOptions options_;
  PictureNumbers output_pad_{0};

  ConvShape shape_;  // of the convolution: from this layer's output to its input
  std::optional<Patches> patches_;
  std::shared_ptr<const ConvBackwardData> forward_;
  std::shared_ptr<const ConvForward> data_;
  std::shared_ptr<const ConvBackwardWeights> weights_;
  int weight_ = -1, bias_ = -1;
  int forward_threads_ = -1, forward_once_ = -1, backward_threads_ = -1, backward_once_ = -1;
  int derived_ = -1;  // weights as data_ reads them
};

}  // namespace

extern const LayerType upconv_layer = {
    .name = "upconv",
    .family = LayerType::Family::kUpsampling,
    .makes_features = true,
    .shows_field = true,
    .has_filters = true,
    .summary = "transposed convolution: makes an image larger with learned weights",
    .example =
        "- {upconv: 64, kernel: 2, stride: 2}\n"
        "- {upconv: 32, kernel: 4, stride: 2, pad: 1, act: relu}\n"
        "- {upconv: 16, kernel: 3, stride: 2, pad: 1, output_pad: 1}\n"
        "- {upconv: 1, kernel: 5, tie: enc}    # the weights of conv 'enc'",
    .details =
        "Every input pixel adds the kernel, weighted by its value, to the output: y[o, a*stride - "
        "pad + ky*dilation, b*stride - pad + kx*dilation] += w[i,o,ky,kx] * x[i,a,b]; bias[o] on "
        "top. It is the gradient of a convolution with respect to its input.\n"
        "[C,H,W] -> [out,H',W'] with H' = (H-1)*stride - 2*pad + (kernel-1)*dilation + 1 + "
        "output_pad. kernel 2, stride 2 doubles an image, and so does kernel 4, stride 2, pad 1, "
        "whose windows overlap evenly (no checkerboard). Several sizes of a convolution's input "
        "give the same output; output_pad, below the stride, chooses among them.\n"
        "Weights: weight [C, out/groups, kernel, kernel], bias [out]. With `tie` the weight is "
        "that of a conv with as many output channels as this layer has input channels, and the "
        "other way round: one parameter, in files under the conv's name, trained by both "
        "gradients; its lr_mult, decay_mult, freeze and init are the conv's.\n"
        "Zeiler et al. 2010, \"Deconvolutional networks\"; Long et al. 2015, \"Fully convolutional "
        "networks for semantic segmentation\".",
    .other_names = {"deconv", "Deconvolution", "deconvolution", "conv_transpose", "ConvTranspose2d",
                    "conv2d_transpose", "Conv2DTranspose", "transposed_conv", "deconvolutional"},
    .make = make_layer<Upconv>,
};

}  // namespace cnn

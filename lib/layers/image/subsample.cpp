// subsample: LeNet-5's pooling. Windows are summed; every channel has a learned factor and offset.
//   y = weight_c * (sum or mean of the window) + bias_c
//   dweight_c = sum of g * pooled, dbias_c = sum of g, dx = weight_c g to every pixel of the window
// Two parameters a channel. What is saved is the mean of every window.
//
// LeCun et al. 1998, "Gradient-based learning applied to document recognition".
#include "base/parallel.h"
#include "kernels/pool.h"
#include "kernels/reduce.h"
#include "layers/image/pool_layer.h"
#include "layers/image/window.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

enum class Pooling { kSum, kMean };

class Subsample final : public Layer {
 public:
  void options(Options& o) override {
    options_.declare_window(o);
    o.choice("pooling", pooling_, {{"sum", Pooling::kSum}, {"mean", Pooling::kMean}},
             "what the factor is applied to: the sum of the window, or its mean");
  }

  void setup(Setup& s) override {
    static_cast<PoolShape&>(shape_) = options_.set_up(s, "subsample");
    const int64_t taps = shape_.kernel.count();
    taps_ = pooling_ == Pooling::kSum ? static_cast<float>(taps) : 1.0f;
    const auto parameter = [&](const char* name, double first) {
      return s.parameter({.name = name,
                          .shape = {shape_.channels},
                          .layout = {},
                          .init = Initializer::constant(first),
                          .fan_in = taps,
                          .fan_out = 1});
    };
    weight_ = parameter("weight", 1 / static_cast<double>(taps_));  // the mean, to begin with
    bias_ = parameter("bias", 0);
    const int64_t count = shape_.channels * shape_.out.count();
    means_ = s.saved(Per::kSample, count);
    products_ = s.scratch_backward(Per::kSample, count);
    partials_ = s.scratch_backward(Per::kOnce, column_sum_partials(shape_.channels));
    s.plan().backward_reads_input = false;
    s.plan().backward_reads_output = false;
  }

  std::string size_arithmetic(std::span<const Form> inputs, const LayerPlan& plan) const override {
    return window_arithmetic(inputs[0].shape, plan.window, plan.output());
  }

  void forward(const ForwardCall& call) const override {
    float* means = call.scratch(means_);
    average_pool(shape_, call.batch, call.input().data, means);
    const float *weight = call.parameter(weight_), *bias = call.parameter(bias_);
    float* out = call.out.data;
    for_each_row(call.out.rows(), [=, this](int64_t c, int64_t i) {
      out[i] = weight[c] * (taps_ * means[i]) + bias[c];
    });
  }

  void backward(const BackwardCall& call) const override {
    const float* grad_out = call.grad_out.data;
    const float* means = call.scratch(means_);
    float *products = call.scratch(products_), *partials = call.scratch(partials_);
    const int64_t rows = call.grad_out.rows();
    if (float* gradient = call.gradient(weight_)) {
      for_each_row(
          rows, [=, this](int64_t, int64_t i) { products[i] = grad_out[i] * (taps_ * means[i]); });
      column_sums(products, rows, shape_.channels, call.adds_parameter(weight_), gradient,
                  partials);
    }
    if (float* gradient = call.gradient(bias_)) {
      column_sums(grad_out, rows, shape_.channels, call.adds_parameter(bias_), gradient, partials);
    }
    if (!call.grad_input()) return;
    const float* weight = call.parameter(weight_);
    for_each_row(
        rows, [=, this](int64_t c, int64_t i) { products[i] = grad_out[i] * (taps_ * weight[c]); });
    average_pool_backward(shape_, call.batch, products, call.adds(), call.grad_input().data);
  }

 private:
  // body(channel, index) for every number of `rows` output positions.
  template <class Body>
  void for_each_row(int64_t rows, Body body) const {
    const int64_t channels = shape_.channels;
    parallel_for(rows, grain_for(rows, 2 * channels), [=](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
#pragma GCC ivdep
        for (int64_t c = 0; c < channels; ++c) body(c, r * channels + c);
      }
    });
  }

  PoolOptions options_;
  Pooling pooling_ = Pooling::kSum;
  AveragePoolShape shape_;
  float taps_ = 1;  // sum = taps * mean
  int weight_ = -1, bias_ = -1, means_ = -1, products_ = -1, partials_ = -1;
};

}  // namespace

extern const LayerType subsample_layer = {
    .name = "subsample",
    .family = LayerType::Family::kPooling,
    .summary = "LeNet-5's pooling: sums of windows with a learned factor and offset",
    .example = "- {subsample: 2, act: {tanh, scale: 1.7159, slope: 0.66666667}}",
    .details =
        "y[c,a,b] = weight[c] * (sum over ky,kx of x[c, a*stride + ky, b*stride + kx]) + bias[c]; "
        "with `pooling: mean` the mean of the window instead of its sum. The factor begins as 1 "
        "over the window's size (1 for the mean).\n"
        "[C,H,W] -> [C,H',W'] with H' = (H - kernel) / stride + 1, rounded down; volumes "
        "[C,D,H,W] alike.\n"
        "Weights: weight [C], bias [C].\n"
        "LeCun et al. 1998, \"Gradient-based learning applied to document recognition\".",
    .other_names = {"subsampling", "Subsampling", "trainable_pool"},
    .make = make_layer<Subsample>,
};

}  // namespace cnn

// bn: batch normalisation (Ioffe & Szegedy 2015). For every channel, over the batch and all
// positions (m rows):
//   y = weight (x - mean) / sqrt(var + eps) + bias
// with the batch's mean and (biased) variance in training, running ones in testing. Training moves
// the running ones: r <- (1 - momentum) r + momentum * batch, the variance then unbiased (m - 1),
// as in PyTorch; frozen ones stay, and are used in training too. One row alone has variance 0: its
// output is the bias, and the running variance moves towards 0.
//
// Backward in training, with x^ = (x - mean) / sqrt(var + eps):
//   dbias = sum g, dweight = sum g x^, dx = weight / sqrt(var + eps) (g - dbias/m - x^ dweight/m)
//
// It absorbs an addition and a rectifier behind it: y = rectified(bn(x) + residual). In testing the
// layer before may absorb it in turn.
#include <algorithm>
#include <cmath>

#include "kernels/batch_norm.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

class BatchNorm final : public Layer {
 public:
  void options(Options& o) override {
    o("eps", eps_, "added to the variance").at_least(0).aliases({"epsilon"});
    o("momentum", momentum_, "share of the new batch in the running mean and variance")
        .between(0, 1);
    o("affine", affine_, "learn a weight and a bias for every channel").aliases({"scale"});
  }

  void setup(Setup& setup) override {
    const Shape& in = setup.input();
    channels_ = in.channels();
    phase_ = setup.phase();
    setup.output(in);
    if (affine_) {
      weight_ = parameter(setup, "weight", 1, true);
      bias_ = parameter(setup, "bias", 0, true);
    }
    running_mean_ = parameter(setup, "running_mean", 0, false);
    running_var_ = parameter(setup, "running_var", 1, false);
    saved_ = setup.saved(Per::kOnce, 2 * channels_);
    factors_ = setup.scratch_forward(Per::kOnce, 2 * channels_);
    sums_ = setup.scratch_forward(Per::kOnce, floats_of_sums(channels_));
    gradient_sums_ = setup.scratch_backward(Per::kOnce, floats_of_sums(channels_));
    gradient_factors_ = setup.scratch_backward(Per::kOnce, 4 * channels_);
    // Backward reads x alone, but what went into a rectifier with a residual only y tells.
    setup.plan().in_place = true;
    setup.plan().in_place_input = std::max(0, residual_);
    setup.plan().backward_spares_input = residual_;
    setup.plan().backward_reads_output = residual_ >= 0 && !rectifier_.is_identity();
  }

  Tail tail() const override {
    return {phase_ == Phase::kTest ? Tail::Kind::kScale : Tail::Kind::kNone};
  }

  void scale(std::span<float* const> parameters, float* scale, float* offset) const override {
    const auto of = [&](int id, int64_t c) {
      return static_cast<double>(parameters[static_cast<size_t>(id)][c]);
    };
    for (int64_t c = 0; c < channels_; ++c) {
      const double inverse = 1 / std::sqrt(of(running_var_, c) + eps_);
      const double factor = affine_ ? of(weight_, c) * inverse : inverse;
      scale[c] = static_cast<float>(factor);
      offset[c] =
          static_cast<float>((affine_ ? of(bias_, c) : 0.0) - of(running_mean_, c) * factor);
    }
  }

  bool absorb(const Follower& follower) override {
    if (!rectifier_.is_identity()) return false;
    if (follower.tail.kind == Tail::Kind::kRectify) {
      rectifier_ = follower.tail.rectifier;
      return true;
    }
    if (follower.tail.kind != Tail::Kind::kAdd || residual_ >= 0) return false;
    residual_ = follower.other_input;
    return true;
  }

  void forward(const ForwardCall& call) const override {
    const ConstView& in = call.input();
    float* mean = call.scratch(saved_);
    float* inverse = mean + channels_;
    if (uses_batch(call)) {
      batch_statistics(call, mean, inverse);
    } else {
      running_statistics(call, mean, inverse);
    }
    float* scale = call.scratch(factors_);
    float* bias = scale + channels_;
    set_factors(call, inverse, scale, bias);
    BatchNormForward run;
    run.rows = in.rows();
    run.channels = channels_;
    run.in = in.data;
    run.mean = mean;
    run.scale = scale;
    run.bias = bias;
    if (residual_ >= 0) run.residual = call.input(residual_).data;
    run.rectifier = rectifier_;
    batch_norm_output(run, call.out.data);
  }

  void backward(const BackwardCall& call) const override {
    const float* inverse = call.scratch(saved_) + channels_;
    float* own = call.scratch(gradient_factors_);
    float* bias = own + channels_;
    set_factors(call, inverse, own, bias);
    BatchNormBackward run;
    run.rows = call.input().rows();
    run.channels = channels_;
    run.grad_out = call.grad_out.data;
    run.in = call.input().data;
    run.mean = call.scratch(saved_);
    run.rectifier = rectifier_;
    run.scale = own;
    run.bias = bias;
    if (residual_ >= 0) run.out = call.out.data;

    // The residual's gradient is the rectified one: unless it is added to others, the first pass
    // writes it and the second starts from it.
    float* residual = residual_ >= 0 ? call.grad_input(residual_).data : nullptr;
    const bool add_residual = residual != nullptr && call.adds(residual_);
    auto* sums = reinterpret_cast<double*>(call.scratch(gradient_sums_));
    batch_norm_gradient_sums(run, sums, add_residual ? nullptr : residual);
    if (residual != nullptr && !add_residual) {
      run.grad_out = residual;
      run.rectifier = {};
    }
    for (int64_t c = 0; c < channels_; ++c) sums[channels_ + c] *= static_cast<double>(inverse[c]);
    if (affine_) {
      write(call, bias_, sums);
      write(call, weight_, sums + channels_);
    }
    if (!call.grad_input() && !add_residual) return;
    // dx = own g + slope (x - mean) + offset; running mean and variance are constants.
    float* slope = bias + channels_;
    float* offset = slope + channels_;
    const double share = uses_batch(call) ? 1 / static_cast<double>(run.rows) : 0.0;
    for (int64_t c = 0; c < channels_; ++c) {
      const double shared = -static_cast<double>(own[c]) * share;
      slope[c] = static_cast<float>(shared * sums[channels_ + c] * static_cast<double>(inverse[c]));
      offset[c] = static_cast<float>(shared * sums[c]);
    }
    batch_norm_gradients(run, {own, slope, offset, call.grad_input().data, call.adds(),
                               add_residual ? residual : nullptr, true});
  }

 private:
  static bool uses_batch(const Call& call) {
    return call.pass.phase == Phase::kTrain && !call.keeps_statistics;
  }

  int parameter(Setup& setup, const char* name, double value, bool learned) const {
    ParameterRequest request;
    request.name = name;
    request.shape = {setup.input().channels()};
    request.init = Initializer::constant(value);
    request.learned = learned;
    return setup.parameter(std::move(request));
  }

  // Kernels sum in doubles.
  static int64_t floats_of_sums(int64_t channels) {
    return batch_norm_sums(channels) * static_cast<int64_t>(sizeof(double) / sizeof(float));
  }

  // y = (x - mean) scale + bias.
  void set_factors(const Call& call, const float* inverse, float* scale, float* bias) const {
    for (int64_t c = 0; c < channels_; ++c) {
      scale[c] = affine_ ? call.parameter(weight_)[c] * inverse[c] : inverse[c];
      bias[c] = affine_ ? call.parameter(bias_)[c] : 0.0f;
    }
  }

  void write(const BackwardCall& call, int id, const double* values) const {
    float* gradient = call.gradient(id);
    if (gradient == nullptr) return;
    for (int64_t c = 0; c < channels_; ++c) {
      gradient[c] = (call.adds_parameter(id) ? gradient[c] : 0.0f) + static_cast<float>(values[c]);
    }
  }

  void batch_statistics(const ForwardCall& call, float* mean, float* inverse) const {
    const ConstView& in = call.input();
    auto* means = reinterpret_cast<double*>(call.scratch(sums_));
    const double* squares = means + channels_;
    batch_norm_moments(in.data, in.rows(), channels_, means);
    const auto rows = static_cast<double>(in.rows());
    for (int64_t c = 0; c < channels_; ++c) {
      mean[c] = static_cast<float>(means[c]);
      inverse[c] = static_cast<float>(1 / std::sqrt(squares[c] / rows + eps_));
      if (call.again) continue;
      move(call.parameter(running_mean_)[c], means[c]);
      move(call.parameter(running_var_)[c], rows > 1 ? squares[c] / (rows - 1) : 0.0);
    }
  }

  void move(float& running, double batch) const {
    running =
        static_cast<float>((1 - momentum_) * static_cast<double>(running) + momentum_ * batch);
  }

  void running_statistics(const ForwardCall& call, float* mean, float* inverse) const {
    for (int64_t c = 0; c < channels_; ++c) {
      mean[c] = call.parameter(running_mean_)[c];
      const auto variance = static_cast<double>(call.parameter(running_var_)[c]);
      inverse[c] = static_cast<float>(1 / std::sqrt(variance + eps_));
    }
  }

  double eps_ = 1e-5;
  double momentum_ = 0.1;
  bool affine_ = true;
  int64_t channels_ = 0;
  Phase phase_ = Phase::kTrain;
  int residual_ = -1;  // input, absorbed
  Rectifier rectifier_;
  int weight_ = -1, bias_ = -1, running_mean_ = -1, running_var_ = -1;
  int saved_ = -1;  // mean, then 1 / sqrt(var + eps)
  int factors_ = -1, sums_ = -1, gradient_sums_ = -1, gradient_factors_ = -1;
};

}  // namespace

extern const LayerType bn_layer = {
    .name = "bn",
    .family = LayerType::Family::kNormalization,
    .uses_batch_statistics = true,
    .summary = "batch normalisation",
    .example = "- bn\n- {bn, act: relu, name: bn1}\n- {bn, eps: 1e-3, momentum: 0.01}",
    .details =
        "For every channel, over the batch and all positions: y = weight (x - mean) / sqrt(var + "
        "eps) + bias, with the batch's mean and variance in training and running ones in testing. "
        "Training moves the running ones by `momentum` towards the batch's (the variance then "
        "unbiased), as PyTorch does. Any shape.\n"
        "With `freeze: true` training uses the running ones too and leaves them as they are; "
        "with `freeze: weights` they are computed and move as ever.\n"
        "Ioffe & Szegedy 2015, \"Batch normalization: accelerating deep network training by "
        "reducing internal covariate shift\".",
    .other_names = {"batchnorm", "batch_norm", "BatchNorm", "BatchNorm2d", "BatchNormalization"},
    .make = make_layer<BatchNorm>,
};

}  // namespace cnn

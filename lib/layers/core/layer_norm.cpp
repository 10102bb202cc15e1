// layer_norm: every position is brought to mean 0 and variance 1 over its channels, then scaled.
//   z = (x - mean) / sqrt(variance + eps),  y = weight z + bias
//   dz = weight dy,  dx = (dz - mean(dz) - z mean(dz z)) / sqrt(variance + eps)
//   dweight = sum over positions of dy z,  dbias = sum of dy
// weight, bias [C]. The variance is that of the C numbers (divided by C).
//
// Ba, Kiros & Hinton 2016, "Layer normalization".
#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "kernels/reduce.h"
#include "kernels/vector_math.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

class LayerNorm final : public Layer {
 public:
  void options(Options& o) override {
    o("eps", eps_, "added to the variance").at_least(1e-12).aliases({"epsilon"});
    o("affine", affine_, "scale and move every channel by learned numbers")
        .aliases({"elementwise_affine", "learnable"});
    o("bias", has_bias_, "move every channel by a learned number");
  }

  void setup(Setup& s) override {
    const Shape& in = s.input();
    channels_ = in.channels();
    s.output(in);
    if (affine_) {
      weight_ = s.parameter({.name = "weight",
                             .shape = {channels_},
                             .init = Initializer::constant(1),
                             .decays = false});
    }
    if (affine_ && has_bias_) {
      bias_ = s.parameter({.name = "bias",
                           .shape = {channels_},
                           .init = Initializer::constant(0),
                           .decays = false});
    }
    statistics_ = s.saved(Per::kSample, 2 * in.positions());
    chunks_ = s.scratch_backward(Per::kOnce, 2 * kMostChunks * channels_);
    s.plan().backward_reads_output = false;
  }

  void forward(const ForwardCall& call) const override {
    const float* weight = affine_ ? call.parameter(weight_) : nullptr;
    const float* bias = bias_ >= 0 ? call.parameter(bias_) : nullptr;
    float* statistics = call.scratch(statistics_);
    const int64_t rows = call.input().rows(), count = channels_;
    parallel_for(rows, grain_for(rows, 8 * count), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const float* x = call.input().data + r * count;
        float* y = call.out.data + r * count;
        const float mean = row_sum(count, [=](int64_t i) { return x[i]; }) / size();
        const float variance = row_sum(count,
                                       [=](int64_t i) {
                                         const float d = x[i] - mean;
                                         return d * d;
                                       }) /
                               size();
        const auto rate = static_cast<float>(1 / std::sqrt(static_cast<double>(variance) + eps_));
        statistics[2 * r] = mean;
        statistics[2 * r + 1] = rate;
        for (int64_t i = 0; i < count; ++i) {
          const float z = (x[i] - mean) * rate;
          y[i] = weight == nullptr ? z : bias == nullptr ? weight[i] * z : weight[i] * z + bias[i];
        }
      }
    });
  }

  void backward(const BackwardCall& call) const override {
    if (wants(call, weight_) || wants(call, bias_)) add_parameter_sums(call);
    const View& gradient = call.grad_input();
    if (!gradient) return;
    const int64_t rows = gradient.rows();
    const bool add = call.adds();
    parallel_for(rows, grain_for(rows, 12 * channels_), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) input_gradient(call, r, add, gradient.data);
    });
  }

 private:
  static constexpr int64_t kMostChunks = 64;

  static bool wants(const BackwardCall& call, int parameter) {
    return parameter >= 0 && call.gradient(parameter) != nullptr;
  }

  float size() const { return static_cast<float>(channels_); }

  void input_gradient(const BackwardCall& call, int64_t r, bool add, float* gradient) const {
    const float* weight = affine_ ? call.parameter(weight_) : nullptr;
    const float* statistics = call.scratch(statistics_) + 2 * r;
    const float mean = statistics[0], rate = statistics[1];
    const float* x = call.input().data + r * channels_;
    const float* dy = call.grad_out.data + r * channels_;
    float* dx = gradient + r * channels_;
    const auto dz = [=](int64_t i) { return weight == nullptr ? dy[i] : weight[i] * dy[i]; };
    const float mean_dz = row_sum(channels_, dz) / size();
    const float mean_dzz =
        row_sum(channels_, [=](int64_t i) { return dz(i) * (x[i] - mean) * rate; }) / size();
    for (int64_t i = 0; i < channels_; ++i) {
      const float own = (dz(i) - mean_dz - (x[i] - mean) * rate * mean_dzz) * rate;
      dx[i] = own + (add ? dx[i] : 0.0f);
    }
  }

  // Sums over positions: one partial sum a chunk of rows, added in order.
  void add_parameter_sums(const BackwardCall& call) const {
    const int64_t rows = call.input().rows();
    const int64_t grain = grain_for(rows, 4 * channels_, kMostChunks);
    float* sums = call.scratch(chunks_);
    float* bias_sums = sums + kMostChunks * channels_;
    const float* statistics = call.scratch(statistics_);
    parallel_for(rows, grain, [&](int64_t begin, int64_t end) {
      float* own = sums + begin / grain * channels_;
      float* own_bias = bias_sums + begin / grain * channels_;
      std::fill_n(own, channels_, 0.0f);
      std::fill_n(own_bias, channels_, 0.0f);
      for (int64_t r = begin; r < end; ++r) {
        const float mean = statistics[2 * r], rate = statistics[2 * r + 1];
        const float* x = call.input().data + r * channels_;
        const float* dy = call.grad_out.data + r * channels_;
        for (int64_t i = 0; i < channels_; ++i) {
          own[i] += dy[i] * (x[i] - mean) * rate;
          own_bias[i] += dy[i];
        }
      }
    });
    const int64_t chunks = chunk_count(rows, grain);
    if (float* gradient = call.gradient(weight_)) {
      add_partials(sums, chunks, channels_, call.adds_parameter(weight_), gradient);
    }
    if (float* gradient = bias_ >= 0 ? call.gradient(bias_) : nullptr) {
      add_partials(bias_sums, chunks, channels_, call.adds_parameter(bias_), gradient);
    }
  }

  double eps_ = 1e-5;
  bool affine_ = true, has_bias_ = true;
  int64_t channels_ = 1;
  int weight_ = -1, bias_ = -1, statistics_ = -1, chunks_ = -1;
};

}  // namespace

extern const LayerType layer_norm_layer = {
    .name = "layer_norm",
    .family = LayerType::Family::kNormalization,
    .summary = "brings the channels of every position to mean 0 and variance 1",
    .example = "- layer_norm\n- {layer_norm, bias: false, eps: 1e-6}",
    .details =
        "y = weight (x - mean) / sqrt(variance + eps) + bias, mean and variance over the channels "
        "of "
        "one position: of a vector [C] over all of it, of an image at every pixel, of a list for "
        "every item. It knows no batch, and does the same in training and testing.\n"
        "Weights: weight [C], bias [C] (none with `bias: false`).\n"
        "Ba, Kiros & Hinton 2016, \"Layer normalization\".",
    .other_names = {"LayerNorm", "LayerNormalization", "ln"},
    .make = make_layer<LayerNorm>};

}  // namespace cnn

// bn: batch normalisation (Ioffe & Szegedy 2015). For every channel, over the batch and all
// positions (m rows):
//   y = weight (x - mean) / sqrt(var + eps) + bias
// with the batch's mean and (biased) variance in training, running ones in testing. Training moves
// the running ones: r <- (1 - momentum) r + momentum * batch, the variance then unbiased (m - 1),
// as in PyTorch. One row alone has variance 0: its output is the bias, and the running variance
// moves towards 0.
//
// Backward in training, with x^ = (x - mean) / sqrt(var + eps):
//   dbias = sum g, dweight = sum g x^, dx = weight / sqrt(var + eps) (g - dbias/m - x^ dweight/m)
//
// Sums are taken by chunks of rows, cut by shape alone, each by blocks that fit the first cache:
// in float about the block's own mean, joined in double (Chan et al. 1983).
#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "layers/catalog.h"

namespace cnn {
namespace {

constexpr int64_t kMaxChunks = 32;
constexpr int64_t kChannels = 64;  // of a block, on the stack

int64_t grain_of_rows(int64_t rows, int64_t channels) {
  return grain_for(rows, channels, kMaxChunks);
}

// Calls block(first row, last row, first channel, channels) over rows [begin, end) in pieces that
// fit the first cache.
template <class Block>
void for_blocks(int64_t begin, int64_t end, int64_t channels, Block&& block) {
  const int64_t rows = std::clamp<int64_t>(4096 / channels, 8, 256);
  for (int64_t first = begin; first < end; first += rows) {
    for (int64_t c = 0; c < channels; c += kChannels) {
      block(first, std::min(first + rows, end), c, std::min(kChannels, channels - c));
    }
  }
}

// Mean and sum of squared deviations of `rows` numbers.
struct Moments {
  double mean = 0;
  double squares = 0;
};

Moments joined(const Moments& a, double rows_a, const Moments& b, double rows_b) {
  const double rows = rows_a + rows_b, apart = b.mean - a.mean;
  return {a.mean + apart * rows_b / rows,
          a.squares + b.squares + apart * apart * rows_a * rows_b / rows};
}

// The moments of rows [begin, end), for each of `channels` channels.
void moments_of_rows(const float* in, int64_t channels, int64_t begin, int64_t end,
                     Moments* moments) {
  std::fill_n(moments, channels, Moments{});
  for_blocks(begin, end, channels, [&](int64_t first, int64_t last, int64_t c0, int64_t count) {
    float mean[kChannels] = {}, off[kChannels] = {}, squares[kChannels] = {};
    for (int64_t r = first; r < last; ++r) {
      const float* row = in + r * channels + c0;
      for (int64_t c = 0; c < count; ++c) mean[c] += row[c];
    }
    const double rows = static_cast<double>(last - first);
    for (int64_t c = 0; c < count; ++c) mean[c] /= static_cast<float>(rows);
    for (int64_t r = first; r < last; ++r) {
      const float* row = in + r * channels + c0;
      for (int64_t c = 0; c < count; ++c) {
        const float deviation = row[c] - mean[c];
        off[c] += deviation;  // 0 but for rounding: mends the mean
        squares[c] += deviation * deviation;
      }
    }
    for (int64_t c = 0; c < count; ++c) {
      const double rest = static_cast<double>(off[c]) / rows;
      const Moments block = {static_cast<double>(mean[c]) + rest,
                             std::max(0.0, static_cast<double>(squares[c]) - rest * rest * rows)};
      Moments& all = moments[c0 + c];
      all = joined(all, static_cast<double>(first - begin), block, rows);
    }
  });
}

// Sums of g and of g x^ over rows [begin, end).
struct GradientSums {
  double bias = 0;
  double weight = 0;
};

void gradient_sums_of_rows(const float* grad_out, const float* in, const float* mean,
                           const float* inverse, int64_t channels, int64_t begin, int64_t end,
                           GradientSums* sums) {
  std::fill_n(sums, channels, GradientSums{});
  for_blocks(begin, end, channels, [&](int64_t first, int64_t last, int64_t c0, int64_t count) {
    float bias[kChannels] = {}, weight[kChannels] = {};
    for (int64_t r = first; r < last; ++r) {
      const float* g = grad_out + r * channels + c0;
      const float* x = in + r * channels + c0;
      for (int64_t c = 0; c < count; ++c) {
        bias[c] += g[c];
        weight[c] += g[c] * (x[c] - mean[c0 + c]);
      }
    }
    for (int64_t c = 0; c < count; ++c) {
      sums[c0 + c].bias += static_cast<double>(bias[c]);
      sums[c0 + c].weight += static_cast<double>(weight[c]) * static_cast<double>(inverse[c0 + c]);
    }
  });
}

// Floats that hold `count` values of T for every chunk and channel.
template <class T>
int64_t floats_for_chunks(int64_t channels) {
  return kMaxChunks * channels * static_cast<int64_t>(sizeof(T) / sizeof(float));
}

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
    const int64_t channels = in.channels();
    setup.output(in);
    if (affine_) {
      weight_ = parameter(setup, "weight", 1, true);
      bias_ = parameter(setup, "bias", 0, true);
    }
    running_mean_ = parameter(setup, "running_mean", 0, false);
    running_var_ = parameter(setup, "running_var", 1, false);
    saved_ = setup.saved(Per::kOnce, 2 * channels);
    moments_ = setup.scratch_forward(Per::kOnce, floats_for_chunks<Moments>(channels));
    factors_ = setup.scratch_forward(Per::kOnce, 2 * channels);
    sums_ = setup.scratch_backward(Per::kOnce, floats_for_chunks<GradientSums>(channels));
    gradient_factors_ = setup.scratch_backward(Per::kOnce, 3 * channels);
    setup.plan().in_place = true;
    setup.plan().backward_reads_output = false;
  }

  void forward(const ForwardCall& call) const override {
    const ConstView& in = call.input();
    const int64_t rows = in.rows(), channels = in.channels();
    float* mean = call.scratch(saved_);
    float* inverse = mean + channels;
    if (call.pass.phase == Phase::kTrain) {
      batch_statistics(call, mean, inverse);
    } else {
      running_statistics(call, mean, inverse);
    }
    float* scale = call.scratch(factors_);
    float* bias = scale + channels;
    for (int64_t c = 0; c < channels; ++c) {
      scale[c] = affine_ ? call.parameter(weight_)[c] * inverse[c] : inverse[c];
      bias[c] = affine_ ? call.parameter(bias_)[c] : 0.0f;
    }
    parallel_for(rows, grain_for(rows, channels), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const float* x = in.data + r * channels;
        float* y = call.out.data + r * channels;
#pragma GCC ivdep
        for (int64_t c = 0; c < channels; ++c) y[c] = (x[c] - mean[c]) * scale[c] + bias[c];
      }
    });
  }

  void backward(const BackwardCall& call) const override {
    const int64_t channels = call.input().channels();
    const GradientSums* sums = gradient_sums(call);
    if (affine_) {
      for (int64_t c = 0; c < channels; ++c) {
        write(call, weight_, c, sums[c].weight);
        write(call, bias_, c, sums[c].bias);
      }
    }
    if (!call.grad_input()) return;
    const float* inverse = call.scratch(saved_) + channels;
    float* factors = call.scratch(gradient_factors_);
    // dx = own * g + slope * (x - mean) + offset; in testing mean and variance are constants.
    const double share =
        call.pass.phase == Phase::kTrain ? 1 / static_cast<double>(call.input().rows()) : 0.0;
    for (int64_t c = 0; c < channels; ++c) {
      const float own = affine_ ? call.parameter(weight_)[c] * inverse[c] : inverse[c];
      const double shared = -static_cast<double>(own) * share;
      factors[c] = own;
      factors[channels + c] =
          static_cast<float>(shared * sums[c].weight * static_cast<double>(inverse[c]));
      factors[2 * channels + c] = static_cast<float>(shared * sums[c].bias);
    }
    input_gradient(call);
  }

 private:
  int parameter(Setup& setup, const char* name, double value, bool learned) const {
    ParameterRequest request;
    request.name = name;
    request.shape = {setup.input().channels()};
    request.init = Initializer::constant(value);
    request.learned = learned;
    return setup.parameter(std::move(request));
  }

  static void write(const BackwardCall& call, int id, int64_t c, double value) {
    float* gradient = call.gradient(id);
    if (gradient == nullptr) return;
    gradient[c] = (call.adds_parameter(id) ? gradient[c] : 0.0f) + static_cast<float>(value);
  }

  void batch_statistics(const ForwardCall& call, float* mean, float* inverse) const {
    const ConstView& in = call.input();
    const int64_t rows = in.rows(), channels = in.channels();
    const int64_t grain = grain_of_rows(rows, channels), chunks = chunk_count(rows, grain);
    auto* moments = reinterpret_cast<Moments*>(call.scratch(moments_));
    parallel_for(rows, grain, [&](int64_t begin, int64_t end) {
      moments_of_rows(in.data, channels, begin, end, moments + begin / grain * channels);
    });
    const auto all_rows = static_cast<double>(rows);
    parallel_for(channels, grain_for(channels, 8 * chunks), [&](int64_t first, int64_t last) {
      for (int64_t c = first; c < last; ++c) {
        Moments all = moments[c];
        for (int64_t chunk = 1; chunk < chunks; ++chunk) {
          const int64_t before = chunk * grain, size = std::min(grain, rows - before);
          all = joined(all, static_cast<double>(before), moments[chunk * channels + c],
                       static_cast<double>(size));
        }
        mean[c] = static_cast<float>(all.mean);
        inverse[c] = static_cast<float>(1 / std::sqrt(all.squares / all_rows + eps_));
        move(call.parameter(running_mean_)[c], all.mean);
        move(call.parameter(running_var_)[c], rows > 1 ? all.squares / (all_rows - 1) : 0.0);
      }
    });
  }

  void move(float& running, double batch) const {
    running =
        static_cast<float>((1 - momentum_) * static_cast<double>(running) + momentum_ * batch);
  }

  void running_statistics(const ForwardCall& call, float* mean, float* inverse) const {
    const int64_t channels = call.input().channels();
    std::copy_n(call.parameter(running_mean_), channels, mean);
    for (int64_t c = 0; c < channels; ++c) {
      const auto variance = static_cast<double>(call.parameter(running_var_)[c]);
      inverse[c] = static_cast<float>(1 / std::sqrt(variance + eps_));
    }
  }

  // Of all rows, in the first chunk's place.
  const GradientSums* gradient_sums(const BackwardCall& call) const {
    const ConstView& in = call.input();
    const int64_t rows = in.rows(), channels = in.channels();
    const int64_t grain = grain_of_rows(rows, channels), chunks = chunk_count(rows, grain);
    const float* mean = call.scratch(saved_);
    auto* sums = reinterpret_cast<GradientSums*>(call.scratch(sums_));
    parallel_for(rows, grain, [&](int64_t begin, int64_t end) {
      gradient_sums_of_rows(call.grad_out.data, in.data, mean, mean + channels, channels, begin,
                            end, sums + begin / grain * channels);
    });
    for (int64_t chunk = 1; chunk < chunks; ++chunk) {
      for (int64_t c = 0; c < channels; ++c) {
        sums[c].bias += sums[chunk * channels + c].bias;
        sums[c].weight += sums[chunk * channels + c].weight;
      }
    }
    return sums;
  }

  void input_gradient(const BackwardCall& call) const {
    const ConstView& in = call.input();
    const int64_t rows = in.rows(), channels = in.channels();
    const float* mean = call.scratch(saved_);
    const float* own = call.scratch(gradient_factors_);
    const float* slope = own + channels;
    const float* offset = slope + channels;
    const bool add = call.adds();
    parallel_for(rows, grain_for(rows, channels), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const float* g = call.grad_out.data + r * channels;
        const float* x = in.data + r * channels;
        float* dx = call.grad_input().data + r * channels;
        if (add) {
#pragma GCC ivdep
          for (int64_t c = 0; c < channels; ++c) {
            dx[c] += own[c] * g[c] + slope[c] * (x[c] - mean[c]) + offset[c];
          }
        } else {
#pragma GCC ivdep
          for (int64_t c = 0; c < channels; ++c) {
            dx[c] = own[c] * g[c] + slope[c] * (x[c] - mean[c]) + offset[c];
          }
        }
      }
    });
  }

  double eps_ = 1e-5;
  double momentum_ = 0.1;
  bool affine_ = true;
  int weight_ = -1, bias_ = -1, running_mean_ = -1, running_var_ = -1;
  int saved_ = -1;  // mean, then 1 / sqrt(var + eps)
  int moments_ = -1, factors_ = -1, sums_ = -1, gradient_factors_ = -1;
};

}  // namespace

const LayerType bn_layer = {
    .name = "bn",
    .summary = "batch normalisation",
    .example = "- bn\n- {bn, act: relu, name: bn1}\n- {bn, eps: 1e-3, momentum: 0.01}",
    .details =
        "For every channel, over the batch and all positions: y = weight (x - mean) / sqrt(var + "
        "eps) + bias, with the batch's mean and variance in training and running ones in testing. "
        "Training moves the running ones by `momentum` towards the batch's (the variance then "
        "unbiased), as PyTorch does. Any shape.\n"
        "Ioffe & Szegedy 2015, \"Batch normalization: accelerating deep network training by "
        "reducing internal covariate shift\".",
    .other_names = {"batchnorm", "batch_norm", "BatchNorm", "BatchNorm2d", "BatchNormalization"},
    .make = make_layer<BatchNorm>,
};

}  // namespace cnn

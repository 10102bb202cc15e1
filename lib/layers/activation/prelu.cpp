// prelu: y = x for x > 0, else w_c x with a learned slope w for every channel, or one for all.
//   dx = g for x > 0, else w_c g;  dw_c = sum of g x over all x <= 0 of channel c
// By other rules of the pass than the gradient's (rectifier.h) what is negative passes nothing
// back.
#include <algorithm>

#include "base/parallel.h"
#include "kernels/reduce.h"
#include "layers/layer_type.h"
#include "layers/rectifier.h"

namespace cnn {
namespace {

constexpr int64_t kMaxChunks = 16;  // of rows, for the slopes' gradient

class Prelu final : public Layer {
 public:
  void options(Options& o) override {
    o("shared", shared_, "one slope for all channels").aliases({"channel_shared"});
  }

  void setup(Setup& s) override {
    const Shape& in = s.input();
    s.output(in);
    channels_ = in.channels();
    weight_ = s.parameter({.name = "weight",
                           .shape = {shared_ ? 1 : channels_},
                           .layout = {},
                           .init = Initializer::constant(0.25),
                           .fan_in = 1,
                           .fan_out = 1,
                           .decays = false});
    s.plan().in_place = true;
    s.plan().backward_reads_output = false;
    partials_ = s.scratch_backward(Per::kOnce, kMaxChunks * channels_);
  }

  void forward(const ForwardCall& call) const override {
    const float* weight = call.parameter(weight_);
    over_rows(call.out.rows(), [&, this](int64_t first) {
      const float* in = call.input().data + first;
      float* out = call.out.data + first;
      with_slope(weight, [=, this](auto slope) {
#pragma GCC ivdep
        for (int64_t c = 0; c < channels_; ++c) {
          const float below = slope(c) * in[c];
          out[c] = in[c] > 0.0f ? in[c] : below;
        }
      });
    });
  }

  // The slopes first: the input's gradient may take the place of the output's.
  void backward(const BackwardCall& call) const override {
    if (float* gradient = call.gradient(weight_)) backward_weight(call, gradient);
    if (!call.grad_input()) return;
    if (call.pass.rule != Pass::Rule::kGradient) {
      return backward_by_rule(call, call.input().data, [](float x) { return x > 0.0f; });
    }
    backward_input(call);
  }

 private:
  void backward_input(const BackwardCall& call) const {
    const float* weight = call.parameter(weight_);
    const bool add = call.adds();
    over_rows(call.grad_out.rows(), [&, this](int64_t first) {
      const float* in = call.input().data + first;
      const float* grad_out = call.grad_out.data + first;
      float* grad_in = call.grad_input().data + first;
      with_slope(weight, [=, this](auto slope) {
#pragma GCC ivdep
        for (int64_t c = 0; c < channels_; ++c) {
          const float below = slope(c) * grad_out[c];
          const float gradient = in[c] > 0.0f ? grad_out[c] : below;
          grad_in[c] = add ? grad_in[c] + gradient : gradient;
        }
      });
    });
  }

  // body(where row r starts), on all threads.
  template <class Body>
  void over_rows(int64_t rows, Body body) const {
    parallel_for(rows, grain_for(rows, 2 * channels_), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) body(r * channels_);
    });
  }

  // body(slope), slope(c) being the slope of channel c: two loops, both of which vectorise.
  template <class Body>
  void with_slope(const float* weight, Body body) const {
    if (shared_) {
      body([slope = weight[0]](int64_t) { return slope; });
    } else {
      body([weight](int64_t c) { return weight[c]; });
    }
  }

  // Chunks of rows, cut by shape alone, are summed each by itself, then added in order.
  void backward_weight(const BackwardCall& call, float* gradient) const {
    const int64_t rows = call.grad_out.rows();
    const int64_t grain = grain_for(rows, 2 * channels_, kMaxChunks);
    const int64_t chunks = chunk_count(rows, grain);
    float* partials = call.scratch(partials_);
    parallel_for(rows, grain, [&](int64_t begin, int64_t end) {
      float* sums = partials + begin / grain * channels_;
      std::fill_n(sums, channels_, 0.0f);
      for (int64_t r = begin; r < end; ++r) {
        const float* in = call.input().data + r * channels_;
        const float* grad_out = call.grad_out.data + r * channels_;
#pragma GCC ivdep
        for (int64_t c = 0; c < channels_; ++c) {
          sums[c] += in[c] > 0.0f ? 0.0f : grad_out[c] * in[c];
        }
      }
    });
    const bool add = call.adds_parameter(weight_);
    if (!shared_) return add_partials(partials, chunks, channels_, add, gradient);
    double sum = 0;
    for (int64_t i = 0; i < chunks * channels_; ++i) sum += static_cast<double>(partials[i]);
    gradient[0] = (add ? gradient[0] : 0.0f) + static_cast<float>(sum);
  }

  bool shared_ = false;
  int64_t channels_ = 0;
  int weight_ = -1, partials_ = -1;
};

}  // namespace

extern const LayerType prelu_layer = {
    .name = "prelu",
    .role = LayerType::Role::kActivation,
    .summary = "rectifier whose slope below 0 is learned",
    .example = "- prelu\n- {conv: 64, kernel: 3, act: prelu}\n- {prelu, shared: true}",
    .details =
        "y = x for x > 0, else w_c x, with a slope w for every channel, or one for all with "
        "`shared`. Slopes start at 0.25 and do not decay. Any shape.\n"
        "Weights: weight [C] or [1]; of an activation `act: prelu` NAME.act.weight. PyTorch's "
        "PReLU is `shared: true` unless num_parameters is given.\n"
        "He et al. 2015, \"Delving deep into rectifiers: surpassing human-level performance on "
        "ImageNet classification\".",
    .other_names = {"PReLU", "PRelu"},
    .make = make_layer<Prelu>,
};

}  // namespace cnn

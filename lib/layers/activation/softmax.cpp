// softmax: y_c = exp(x_c) / sum over k of exp(x_k), over the channels of every position. Any shape.
//
// The largest x is subtracted first, so that no exponential overflows. Backward needs y alone:
// dx_c = y_c (g_c - sum over k of g_k y_k).
#include "base/parallel.h"
#include "kernels/vector_math.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

constexpr int64_t kCost = 8;  // of one element, in simple operations

void softmax_row(const float* in, float* out, int64_t channels) {
  const float largest = row_max(in, channels);
#pragma GCC ivdep
  for (int64_t c = 0; c < channels; ++c) out[c] = fast_exp(in[c] - largest);
  const float factor = 1.0f / row_sum(channels, [=](int64_t c) { return out[c]; });
  for (int64_t c = 0; c < channels; ++c) out[c] *= factor;
}

void gradient_row(const float* grad_out, const float* out, float* grad_in, int64_t channels,
                  bool add) {
  const float mean = row_sum(channels, [=](int64_t c) { return grad_out[c] * out[c]; });
  if (add) {
#pragma GCC ivdep
    for (int64_t c = 0; c < channels; ++c) grad_in[c] += out[c] * (grad_out[c] - mean);
  } else {
#pragma GCC ivdep
    for (int64_t c = 0; c < channels; ++c) grad_in[c] = out[c] * (grad_out[c] - mean);
  }
}

class Softmax final : public Layer {
 public:
  void setup(Setup& setup) override {
    setup.output(setup.input());
    setup.plan().in_place = true;
    setup.plan().backward_reads_input = false;
  }

  void forward(const ForwardCall& call) const override {
    const ConstView& in = call.input();
    const int64_t rows = in.rows(), channels = in.channels();
    parallel_for(rows, grain_for(rows, kCost * channels), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin * channels; r < end * channels; r += channels) {
        softmax_row(in.data + r, call.out.data + r, channels);
      }
    });
  }

  void backward(const BackwardCall& call) const override {
    const View& grad_in = call.grad_input();
    if (!grad_in) return;
    const int64_t rows = grad_in.rows(), channels = grad_in.channels();
    const bool add = call.adds();
    parallel_for(rows, grain_for(rows, 2 * channels), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin * channels; r < end * channels; r += channels) {
        gradient_row(call.grad_out.data + r, call.out.data + r, grad_in.data + r, channels, add);
      }
    });
  }
};

}  // namespace

extern const LayerType softmax_layer = {
    .name = "softmax",
    .role = LayerType::Role::kActivation,
    .makes = Link::kSoftmax,
    .summary = "probabilities over the channels of every position",
    .example = "- softmax\n- {linear: 10, act: softmax}",
    .details =
        "y_c = exp(x_c) / sum over k of exp(x_k), over the channels of every position; any "
        "shape.\n"
        "The loss cross_entropy takes scores before softmax: it computes its own.",
    .other_names = {"Softmax"},
    .make = make_layer<Softmax>,
};

}  // namespace cnn

// lrn: local response normalisation across channels (Krizhevsky et al. 2012).
//   y_c = x_c s_c^-beta,  s_c = k + a * sum of x_j^2 over the n channels j around c
// with a = alpha / n, or alpha if `average` is off. The window of channel c is c - n / 2 to
// c + (n - 1) / 2 (n / 2 rounded down), cut at the first and last channel, as in PyTorch.
//   dx_c = g_c s_c^-beta - 2 a beta x_c * sum of g_j x_j s_j^(-beta - 1) over all j whose window
//          holds c
// Channels are contiguous, so a position is worked row by row: squares go between zeros into a
// thread's own scratch, and a window's sum is n shifted additions.
#include <algorithm>

#include "base/parallel.h"
#include "kernels/vector_math.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

class Lrn final : public Layer {
 public:
  void options(Options& o) override {
    o("n", n_, "number of channels that are summed, the own one included")
        .primary()
        .between(1, 4096)
        .aliases({"size", "local_size", "depth_radius"});
    o("alpha", alpha_, "factor of the squares").at_least(0);
    o("beta", beta_, "exponent").at_least(0);
    o("k", k_, "added to the sum").at_least(0).aliases({"bias"});
    o("average", average_,
      "alpha is a factor of the mean over n, as in PyTorch and Caffe; false: of the sum, as in "
      "AlexNet's paper");
  }

  void setup(Setup& s) override {
    s.require(k_ > 0, "lrn: k must be above 0, else a channel of zeros divides by 0");
    const Shape& in = s.input();
    s.output(in);
    channels_ = in.channels();
    padded_ = channels_ + n_ - 1;
    factor_ = average_ ? alpha_ / static_cast<float>(n_) : alpha_;
    s.plan().in_place = true;
    s.plan().backward_reads_output = false;
    forward_ = s.scratch_forward(Per::kThread, padded_ + channels_);
    backward_ = s.scratch_backward(Per::kThread, padded_ + 2 * channels_);
  }

  void forward(const ForwardCall& call) const override {
    const int64_t rows = call.out.rows();
    parallel_for(rows, grain_for(rows, row_cost()), [&](int64_t begin, int64_t end, int worker) {
      float* padded = call.scratch(forward_) + worker * (padded_ + channels_);
      float* sums = padded + padded_;
      const float log_factor = -beta_;
      for (int64_t r = begin; r < end; ++r) {
        const float* in = call.input().data + r * channels_;
        float* out = call.out.data + r * channels_;
        normalizers(in, padded, sums);
#pragma GCC ivdep
        for (int64_t c = 0; c < channels_; ++c) {
          out[c] = in[c] * fast_exp(log_factor * fast_log(sums[c]));
        }
      }
    });
  }

  void backward(const BackwardCall& call) const override {
    if (!call.grad_input()) return;
    const int64_t rows = call.grad_out.rows();
    parallel_for(rows, grain_for(rows, row_cost()), [&](int64_t begin, int64_t end, int worker) {
      float* scratch = call.scratch(backward_) + worker * (padded_ + 2 * channels_);
      for (int64_t r = begin; r < end; ++r) {
        backward_row(call.input().data + r * channels_, call.grad_out.data + r * channels_,
                     call.adds(), scratch, call.grad_input().data + r * channels_);
      }
    });
  }

 private:
  int64_t row_cost() const { return channels_ * (n_ + 16); }
  int64_t before() const { return n_ / 2; }        // channels of a window before its own
  int64_t behind() const { return (n_ - 1) / 2; }  // and behind it

  // Writes f(c) between `front` zeros and as many as the window needs behind.
  template <class F>
  void pad_row(int64_t front, float* padded, F f) const {
    std::fill_n(padded, front, 0.0f);
    float* inner = padded + front;
#pragma GCC ivdep
    for (int64_t c = 0; c < channels_; ++c) inner[c] = f(c);
    std::fill(inner + channels_, padded + padded_, 0.0f);
  }

  // sums[c] = first + factor * sum of padded[c], ..., padded[c + n - 1].
  void window_sums(const float* padded, float first, float factor, float* sums) const {
    if (n_ == kUsual) {
#pragma GCC ivdep
      for (int64_t c = 0; c < channels_; ++c) {
        float sum = padded[c];
        for (int64_t i = 1; i < kUsual; ++i) sum += padded[c + i];
        sums[c] = first + factor * sum;
      }
      return;
    }
    std::copy_n(padded, channels_, sums);
    for (int64_t i = 1; i < n_; ++i) {
#pragma GCC ivdep
      for (int64_t c = 0; c < channels_; ++c) sums[c] += padded[c + i];
    }
#pragma GCC ivdep
    for (int64_t c = 0; c < channels_; ++c) sums[c] = first + factor * sums[c];
  }

  void normalizers(const float* in, float* padded, float* sums) const {
    pad_row(before(), padded, [=](int64_t c) { return in[c] * in[c]; });
    window_sums(padded, k_, factor_, sums);
  }

  // grad_in may be grad_out's memory.
  void backward_row(const float* in, const float* grad_out, bool add, float* scratch,
                    float* grad_in) const {
    float *padded = scratch, *sums = padded + padded_, *direct = sums + channels_;
    normalizers(in, padded, sums);
    const float log_factor = -beta_;
#pragma GCC ivdep
    for (int64_t c = 0; c < channels_; ++c) {
      direct[c] = grad_out[c] * fast_exp(log_factor * fast_log(sums[c]));
    }
    // The channels whose windows hold c lie the other way round.
    pad_row(behind(), padded, [=](int64_t c) { return direct[c] * in[c] / sums[c]; });
    window_sums(padded, 0, -2 * factor_ * beta_, sums);
#pragma GCC ivdep
    for (int64_t c = 0; c < channels_; ++c) {
      const float gradient = direct[c] + in[c] * sums[c];
      grad_in[c] = add ? grad_in[c] + gradient : gradient;
    }
  }

  static constexpr int64_t kUsual = 5;  // a width that the compiler may know

  int64_t n_ = kUsual;
  float alpha_ = 1e-4f, beta_ = 0.75f, k_ = 1;
  bool average_ = true;
  int64_t channels_ = 0, padded_ = 0;
  float factor_ = 0;
  int forward_ = -1, backward_ = -1;
};

}  // namespace

extern const LayerType lrn_layer = {
    .name = "lrn",
    .family = LayerType::Family::kNormalization,
    .summary = "local response normalisation across channels",
    .example =
        "- lrn\n"
        "- {lrn: 5, alpha: 1e-4, beta: 0.75, k: 2, average: false}   # AlexNet's paper",
    .details =
        "y_c = x_c / (k + alpha/n * sum of x_j^2 over the n channels j around c)^beta, at every "
        "position by itself; the window is cut at the first and the last channel. Any shape.\n"
        "This is PyTorch's LocalResponseNorm and Caffe's LRN, where alpha is divided by n. The "
        "paper writes alpha without the division: its n = 5, k = 2, alpha = 1e-4, beta = 0.75 "
        "mean `average: false`, or alpha = 5e-4 here.\n"
        "Krizhevsky, Sutskever & Hinton 2012, \"ImageNet classification with deep convolutional "
        "neural networks\".",
    .other_names = {"LRN", "LocalResponseNorm", "local_response_norm"},
    .make = make_layer<Lrn>,
};

}  // namespace cnn

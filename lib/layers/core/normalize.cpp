// normalize: divides by the Euclidean norm, of every position's channels or of the whole sample:
//   y = scale_c * u,  u = x / max(|x|, eps)
// Backward with h = g * scale:  dx = (h - u (u.h)) / |x|;  dx = h / eps where |x| < eps;
// dscale_c = sum of g u.
//
// With a learned scale it is the L2Norm of Liu et al. 2015, "ParseNet: looking wider to see
// better".
#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "kernels/reduce.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

enum class Over { kChannels, kSample };

class Normalize final : public Layer {
 public:
  void options(Options& o) override {
    o.choice("over", over_, {{"channels", Over::kChannels}, {"sample", Over::kSample}},
             "whose norm becomes 1: the channels' at every position, or the whole sample's")
        .primary()
        .aliases({"axis", "dim", "across"});
    o("eps", eps_, "the smallest norm that is divided by").at_least(1e-30).aliases({"epsilon"});
    o("scale", has_scale_, "multiply every channel by a learned factor, 1 at first")
        .aliases({"affine", "learned_scale", "scale_filler"});
  }

  void setup(Setup& s) override {
    const Shape& in = s.input();
    s.output(in);
    length_ = over_ == Over::kSample ? in.count() : in.channels();
    channels_ = in.channels();
    if (has_scale_) {
      weight_ = s.parameter({.name = "weight",
                             .shape = {channels_},
                             .layout = {},
                             .init = Initializer::constant(1),
                             .fan_in = 1,
                             .fan_out = 1});
    }
    products_ = s.scratch_backward(Per::kSample, has_scale_ ? in.count() : 0);
    partials_ = s.scratch_backward(Per::kOnce, has_scale_ ? column_sum_partials(channels_) : 0);
    s.plan().backward_reads_output = false;
  }

  void forward(const ForwardCall& call) const override {
    const float* scale = has_scale_ ? call.parameter(weight_) : nullptr;
    for_each_vector(call, [&](int64_t first) {
      const float* x = call.input().data + first;
      float* y = call.out.data + first;
      const auto factor = static_cast<float>(1 / std::max(norm(x), eps()));
      for_each_row([&](int64_t at) {
        for (int64_t c = 0; c < channels_; ++c) {
          y[at + c] = x[at + c] * factor * (scale ? scale[c] : 1.0f);
        }
      });
    });
  }

  void backward(const BackwardCall& call) const override {
    const float* scale = has_scale_ ? call.parameter(weight_) : nullptr;
    if (float* gradient = has_scale_ ? call.gradient(weight_) : nullptr) {
      float* products = call.scratch(products_);
      for_each_vector(call, [&](int64_t first) {
        const float *x = call.input().data + first, *g = call.grad_out.data + first;
        const auto factor = static_cast<float>(1 / std::max(norm(x), eps()));
        for (int64_t i = 0; i < length_; ++i) products[first + i] = g[i] * x[i] * factor;
      });
      column_sums(products, call.grad_out.rows(), channels_, call.adds_parameter(weight_), gradient,
                  call.scratch(partials_));
    }
    if (!call.grad_input()) return;
    for_each_vector(call, [&](int64_t first) {
      backward_vector(call.input().data + first, call.grad_out.data + first, scale, call.adds(),
                      call.grad_input().data + first);
    });
  }

 private:
  // In double: along x the two terms cancel.
  void backward_vector(const float* x, const float* g, const float* scale, bool add,
                       float* to) const {
    const double size = norm(x), factor = 1 / std::max(size, eps());
    const auto h = [=](int64_t at, int64_t c) {
      return static_cast<double>(scale ? g[at + c] * scale[c] : g[at + c]);
    };
    double along = 0;  // h.x / |x|^2, or 0 where the norm is not divided by
    if (size > eps()) {
      for_each_row([&](int64_t at) {
        for (int64_t c = 0; c < channels_; ++c) along += h(at, c) * static_cast<double>(x[at + c]);
      });
      along *= factor * factor;
    }
    for_each_row([&](int64_t at) {
      for (int64_t c = 0; c < channels_; ++c) {
        const auto gradient =
            static_cast<float>((h(at, c) - along * static_cast<double>(x[at + c])) * factor);
        to[at + c] = add ? to[at + c] + gradient : gradient;
      }
    });
  }

  double eps() const { return static_cast<double>(eps_); }

  double norm(const float* x) const {
    double sum = 0;
    for (int64_t i = 0; i < length_; ++i) {
      sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    }
    return std::sqrt(sum);
  }

  // visit(first number) for the rows of channels in a vector.
  template <class Visit>
  void for_each_row(Visit visit) const {
    for (int64_t at = 0; at < length_; at += channels_) visit(at);
  }

  // visit(first number) for everything that has a norm.
  template <class Visit>
  void for_each_vector(const Call& call, Visit visit) const {
    const int64_t vectors = call.batch * call.input().shape.count() / length_;
    parallel_for(vectors, grain_for(vectors, 3 * length_), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) visit(i * length_);
    });
  }

  Over over_ = Over::kChannels;
  float eps_ = 1e-12f;
  bool has_scale_ = false;
  int64_t length_ = 1, channels_ = 1;
  int weight_ = -1, products_ = -1, partials_ = -1;
};

}  // namespace

extern const LayerType normalize_layer = {
    .name = "normalize",
    .family = LayerType::Family::kNormalization,
    .summary = "divides by the Euclidean norm",
    .example =
        "- normalize\n"
        "- {normalize: sample}\n"
        "- {normalize, scale: true, init: {constant: 20}}",
    .details =
        "y = x / max(|x|, eps), with |x| the Euclidean norm of a position's channels (of a vector: "
        "of all of it), or of the whole sample. With `scale` every channel is multiplied by a "
        "learned factor: weight [C]. Any shape.\n"
        "Liu et al. 2015, \"ParseNet: looking wider to see better\".",
    .other_names = {"l2_normalize", "L2Norm", "l2norm", "Normalize", "UnitNormalization"},
    .make = make_layer<Normalize>,
};

}  // namespace cnn

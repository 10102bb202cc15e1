// maxout: the largest of every k channels that follow each other. [C,...] -> [C/k,...].
//   y_c = max(x_{ck}, ..., x_{ck+k-1})
// The first of equal values wins; NaN gives NaN. What is saved is which one won, so that the input
// is not needed again.
#include <type_traits>

#include "base/parallel.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

// body(k), k known at compile time where it is small: the loops over groups then vectorise.
template <class Body>
void with_constant(int64_t k, Body body) {
  switch (k) {
    case 2:
      return body(std::integral_constant<int64_t, 2>{});
    case 3:
      return body(std::integral_constant<int64_t, 3>{});
    case 4:
      return body(std::integral_constant<int64_t, 4>{});
    default:
      return body(k);
  }
}

class Maxout final : public Layer {
 public:
  void options(Options& o) override {
    o("k", k_, "number of channels of which the largest is taken")
        .primary()
        .at_least(1)
        .aliases({"pieces", "pool_size", "num_pieces", "groups"});
  }

  void setup(Setup& s) override {
    const Shape& in = s.input();
    s.require(in.channels() % k_ == 0, "maxout: {} does not divide the {} channels", k_,
              in.channels());
    std::vector<int64_t> sizes;
    for (int axis = 0; axis < in.rank(); ++axis) sizes.push_back(in[axis]);
    sizes[in.rank() == 2 ? 1 : 0] = in.channels() / k_;
    const Shape out{std::span<const int64_t>(sizes)};
    s.output(out);
    s.plan().backward_reads_input = false;
    s.plan().backward_reads_output = false;
    winners_ = s.saved(Per::kSample, out.count());
  }

  void forward(const ForwardCall& call) const override {
    const float* in = call.input().data;
    float* out = call.out.data;
    float* winners = call.scratch(winners_);
    const int64_t count = call.out.count();
    with_constant(k_, [=](auto k) {
      parallel_for(count, grain_for(count, 2 * k), [=](int64_t begin, int64_t end) {
#pragma GCC ivdep
        for (int64_t i = begin; i < end; ++i) {
          const float* group = in + i * k;
          float best = group[0], winner = 0;
          for (int64_t j = 1; j < k; ++j) {
            const bool wins = group[j] > best || group[j] != group[j];
            best = wins ? group[j] : best;
            winner = wins ? static_cast<float>(j) : winner;
          }
          out[i] = best;
          winners[i] = winner;
        }
      });
    });
  }

  void backward(const BackwardCall& call) const override {
    if (!call.grad_input()) return;
    const float* grad_out = call.grad_out.data;
    const float* winners = call.scratch(winners_);
    float* grad_in = call.grad_input().data;
    const int64_t count = call.grad_out.count();
    const bool add = call.adds();
    with_constant(k_, [=](auto k) {
      parallel_for(count, grain_for(count, 2 * k), [=](int64_t begin, int64_t end) {
#pragma GCC ivdep
        for (int64_t i = begin; i < end; ++i) {
          float* group = grad_in + i * k;
          for (int64_t j = 0; j < k; ++j) {
            const float gradient = winners[i] == static_cast<float>(j) ? grad_out[i] : 0.0f;
            group[j] = add ? group[j] + gradient : gradient;
          }
        }
      });
    });
  }

 private:
  int64_t k_ = 2;
  int winners_ = -1;
};

}  // namespace

extern const LayerType maxout_layer = {
    .name = "maxout",
    .role = LayerType::Role::kActivation,
    .summary = "largest of every k channels",
    .example =
        "- {maxout: 2}\n"
        "- {linear: 480, act: {maxout: 2}}   # 240 features",
    .details =
        "y_c = max of x_(c*k) to x_(c*k+k-1): [C,H,W] -> [C/k,H,W], [C] -> [C/k]. The layer before "
        "it makes k times the channels, so that each output is the largest of k linear "
        "functions: a convex function that is learned.\n"
        "Goodfellow et al. 2013, \"Maxout networks\".",
    .other_names = {"Maxout", "MaxOut"},
    .make = make_layer<Maxout>,
};

}  // namespace cnn

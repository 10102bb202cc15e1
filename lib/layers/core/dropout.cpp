// dropout: in training every value is 0 with probability p, else x / (1 - p); in testing nothing
// happens. Any shape.
//
// Value i of a sample (in memory's order) stays if bits(i) of call.rng(sample) are p * 2^32 or
// more. Backward draws the same numbers again: cheaper than memory for a mask, and it needs neither
// input nor output.
#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "layers/elementwise.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

class Dropout final : public Layer {
 public:
  void options(Options& o) override {
    o("p", p_, "probability of a value to be dropped")
        .primary()
        .between(0, 1)
        .aliases({"rate", "dropout_ratio", "probability"});
  }

  void setup(Setup& setup) override {
    setup.output(setup.input());
    setup.plan().in_place = true;
    setup.plan().backward_reads_input = false;
    setup.plan().backward_reads_output = false;
    setup.plan().identity_in_test = true;
  }

  void forward(const ForwardCall& call) const override {
    drop(call, call.input().data, call.out.data, false);
  }

  void backward(const BackwardCall& call) const override {
    if (!call.grad_input()) return;
    drop(call, call.grad_out.data, call.grad_input().data, call.adds());
  }

 private:
  void drop(const Call& call, const float* in, float* out, bool add) const {
    const int64_t count = call.input().shape.count();
    const auto threshold = static_cast<uint64_t>(std::ldexp(p_, 32));
    if (call.pass.phase == Phase::kTest || threshold == 0) {
      copy_elements(in, out, call.batch * count, add);
      return;
    }
    const Rule rule{static_cast<uint32_t>(threshold - 1),
                    p_ < 1 ? static_cast<float>(1 / (1 - p_)) : 0.0f, add};
    constexpr int64_t kPiece = 4096, kCost = 4;
    const int64_t pieces = chunk_count(count, kPiece), all = call.batch * pieces;
    parallel_for(all, grain_for(all, kCost * std::min(count, kPiece)),
                 [&](int64_t begin, int64_t end) {
                   for (int64_t p = begin; p < end; ++p) {
                     const int64_t sample = p / pieces, first = p % pieces * kPiece;
                     drop_piece(rule, call.rng(sample), first, std::min(first + kPiece, count),
                                in + sample * count, out + sample * count);
                   }
                 });
  }

  struct Rule {
    uint32_t last_dropped;  // what has larger bits stays
    float scale;
    bool add;
  };

  // Values first .. last of one sample; `first` is a multiple of 4.
  static void drop_piece(const Rule& rule, const Rng& rng, int64_t first, int64_t last,
                         const float* in, float* out) {
    constexpr int64_t kAtOnce = 512;
    uint32_t words[kAtOnce];
    for (int64_t start = first; start < last; start += kAtOnce) {
      const int64_t count = std::min(kAtOnce, last - start);
      rng.fill_bits(static_cast<uint64_t>(start / 4), (count + 3) / 4, words);
      apply(rule, words, count, in + start, out + start);
    }
  }

  static void apply(const Rule& rule, const uint32_t* words, int64_t count, const float* in,
                    float* out) {
    const auto [last_dropped, scale, add] = rule;
    if (add) {
#pragma GCC ivdep
      for (int64_t i = 0; i < count; ++i) {
        out[i] += words[i] > last_dropped ? in[i] * scale : 0.0f;
      }
    } else {
#pragma GCC ivdep
      for (int64_t i = 0; i < count; ++i) {
        out[i] = words[i] > last_dropped ? in[i] * scale : 0.0f;
      }
    }
  }

  double p_ = 0.5;
};

}  // namespace

extern const LayerType dropout_layer = {
    .name = "dropout",
    .family = LayerType::Family::kNoise,
    .summary = "drops values at random in training",
    .example = "- dropout\n- {dropout: 0.25}",
    .details =
        "In training every value is 0 with probability p, else x / (1 - p); in testing the layer "
        "does nothing. Any shape.\n"
        "Srivastava et al. 2014, \"Dropout: a simple way to prevent neural networks from "
        "overfitting\".",
    .other_names = {"Dropout"},
    .make = make_layer<Dropout>,
};

}  // namespace cnn

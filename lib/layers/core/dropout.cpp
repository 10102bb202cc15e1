// dropout: in training every value is 0 with probability p, else x / (1 - p); in testing nothing
// happens. Any shape.
//
// Value i of a sample is that in memory's order (layers/dropping.h); backward needs neither input
// nor output.
#include <algorithm>

#include "base/parallel.h"
#include "layers/dropping.h"
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
    setup.plan().draws = setup.phase() == Phase::kTrain;
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
    const Dropping dropping(p_);
    if (call.pass.phase == Phase::kTest || dropping.is_nothing()) {
      copy_elements(in, out, call.batch * count, add);
      return;
    }
    constexpr int64_t kPiece = 4096, kCost = 4;
    const int64_t pieces = chunk_count(count, kPiece), all = call.batch * pieces;
    parallel_for(all, grain_for(all, kCost * std::min(count, kPiece)),
                 [&](int64_t begin, int64_t end) {
                   for (int64_t p = begin; p < end; ++p) {
                     const int64_t sample = p / pieces, first = p % pieces * kPiece;
                     dropping.run(call.rng(sample), 0, first, std::min(first + kPiece, count),
                                  in + sample * count, out + sample * count, add);
                   }
                 });
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

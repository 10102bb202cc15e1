// add: y = x_0 + x_1 + ... of equal shapes; the gradient goes to every input as it is.
#include "layers/absorbed.h"
#include "layers/elementwise.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

class Add final : public Layer {
 public:
  void setup(Setup& setup) override {
    for (int i = 1; i < setup.inputs(); ++i) {
      setup.require(setup.input(i) == setup.input(), "add {} and {}: shapes differ",
                    setup.describe(0), setup.describe(i));
    }
    setup.output(setup.input());
    setup.plan().in_place = true;
    setup.plan().backward_reads_input = false;
    absorbed_.tell(setup.plan());
  }

  Tail tail() const override { return {Tail::Kind::kAdd}; }
  bool absorb(const Follower& follower) override {
    return follower.tail.kind == Tail::Kind::kRectify && absorbed_.take(follower, Phase::kTrain);
  }

  // All inputs of a chunk while it is in the cache.
  void forward(const ForwardCall& call) const override {
    const int64_t count = call.out.count();
    const Rectifier rectifier = absorbed_.epilogue(call, nullptr).rectifier;
    parallel_for(count, grain_for(count, static_cast<int64_t>(call.in.size())),
                 [&](int64_t begin, int64_t end) {
                   float* out = call.out.data;
                   const float *a = call.input(0).data, *b = call.input(1).data;
#pragma GCC ivdep
                   for (int64_t i = begin; i < end; ++i) out[i] = a[i] + b[i];
                   for (int k = 2; k < static_cast<int>(call.in.size()); ++k) {
                     const float* more = call.input(k).data;
#pragma GCC ivdep
                     for (int64_t i = begin; i < end; ++i) out[i] += more[i];
                   }
                   rectify_rows(rectifier, 1, end - begin, end - begin, out + begin);
                 });
  }

  void backward(const BackwardCall& call) const override {
    absorbed_.mask_gradient(call);
    for (int i = 0; i < static_cast<int>(call.grad_in.size()); ++i) {
      const View& grad_in = call.grad_input(i);
      if (grad_in) {
        copy_elements(call.grad_out.data, grad_in.data, grad_in.count(), call.adds(i));
      }
    }
  }

 private:
  Absorbed absorbed_;
};

}  // namespace

extern const LayerType add_layer = {
    .name = "add",
    .family = LayerType::Family::kJoin,
    .inputs = LayerType::Inputs::kBranches,
    .spreads = true,
    .min_inputs = 2,
    .max_inputs = kAnyNumber,
    .makes_features = true,
    .shows_field = true,
    .summary = "sum of values of equal shape",
    .example =
        "- {add: [bn2, downsample], act: relu}\n"
        "- {add: [[{conv: 64, kernel: 3, pad: 1}, bn], []]}   # a branch and the identity",
    .details =
        "y = x_0 + x_1 + ...; all shapes must be equal.\n"
        "He et al. 2015, \"Deep residual learning for image recognition\".",
    .other_names = {"Add", "sum", "eltwise", "Eltwise", "shortcut"},
    .make = make_layer<Add>,
};

}  // namespace cnn

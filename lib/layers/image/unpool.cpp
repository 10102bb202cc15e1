// unpool: puts every value where a named maxpool found its maximum, and 0 elsewhere: the transpose
// of that maxpool. [C,H',W'] -> [C,H,W], the pool's input size. Where windows overlap and have
// found the same pixel, values add up.
//
// The places are the pool's own memory, borrowed: nothing is computed or stored twice.
//
// Zeiler et al. 2011, "Adaptive deconvolutional networks for mid and high level feature learning".
#include "kernels/pool.h"
#include "layers/elementwise.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

class Unpool final : public Layer {
 public:
  void options(Options& o) override {
    o("pool", pool_, "name of the maxpool whose places are used")
        .primary()
        .required()
        .names_layer(pool_)
        .aliases({"switches", "indices", "of", "layer"});
  }

  void setup(Setup& s) override {
    const NamedLayer& pool = *s.named();
    s.require(pool.type == "maxpool", "unpool: '{}' is no maxpool, but {}", pool_,
              pool.type.empty() ? "an input" : "'" + pool.type + "'");
    const Shape &in = s.input(), &small = pool.plan.output(), &large = pool.input;
    s.require(in == small, "unpool: {} is not of the shape {} of '{}'", s.describe(0), small.str(),
              pool_);
    s.output(large);
    const Window& window = pool.plan.window;
    shape_ = {in.channels(), large.extents(), in.extents(),
              window.kernel, window.stride,   window.pad};
    places_ = s.borrow(0);
    s.plan().window = window;
    s.plan().backward_reads_input = false;
    s.plan().backward_reads_output = false;
  }

  void forward(const ForwardCall& call) const override {
    max_pool_backward(shape_, call.batch, call.input().data, call.scratch(places_), false,
                      call.out.data);
  }

  void backward(const BackwardCall& call) const override {
    if (!call.grad_input()) return;
    max_pool_at(shape_, call.batch, call.grad_out.data, call.scratch(places_), call.adds(),
                call.grad_input().data);
  }

 private:
  std::string pool_;
  PoolShape shape_;  // of the pool
  int places_ = -1;
};

}  // namespace

extern const LayerType unpool_layer = {
    .name = "unpool",
    .family = LayerType::Family::kUpsampling,
    .summary = "undoes a maxpool: values go back to the places of its maxima",
    .example =
        "- {maxpool: 2, name: pool1}\n"
        "- {conv: 64, kernel: 3, pad: 1}\n"
        "- {unpool: pool1}",
    .details =
        "[C,H',W'], the shape of the named maxpool's output, becomes [C,H,W], the shape of its "
        "input: every value goes to the place where the pool found its maximum (its \"switch\"), "
        "the other places are 0. Where overlapping windows have found the same place, values add "
        "up. Volumes [C,D',H',W'] alike.\n"
        "Zeiler et al. 2011, \"Adaptive deconvolutional networks for mid and high level feature "
        "learning\"; Noh et al. 2015, \"Learning deconvolution network for semantic "
        "segmentation\".",
    .other_names = {"MaxUnpool2d", "max_unpool", "unpooling", "Unpool"},
    .make = make_layer<Unpool>,
};

}  // namespace cnn

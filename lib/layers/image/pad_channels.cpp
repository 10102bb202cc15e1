// pad_channels: appends channels of zeros: [C,H,W] -> [out,H,W], out >= C. In memory every
// position's row is the input's row, then zeros.
#include <algorithm>

#include "base/parallel.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

class PadChannels final : public Layer {
 public:
  void options(Options& o) override {
    o("out", out_, "number of channels afterwards")
        .primary()
        .required()
        .at_least(1)
        .aliases({"channels", "num_output"});
  }

  void setup(Setup& setup) override {
    const Shape& in = setup.input();
    setup.require(in.rank() == 3, "pad_channels expects an image [C,H,W], found {}", in.str());
    setup.require(out_ >= in.channels(), "pad_channels: {} channels are more than {}",
                  in.channels(), out_);
    setup.output({out_, in.height(), in.width()});
    setup.plan().backward_reads_input = false;
    setup.plan().backward_reads_output = false;
  }

  void forward(const ForwardCall& call) const override {
    const int64_t width = call.input().channels();
    parallel_for(
        call.out.rows(), grain_for(call.out.rows(), out_), [&](int64_t begin, int64_t end) {
          for (int64_t r = begin; r < end; ++r) {
            float* zeros =
                std::copy_n(call.input().data + r * width, width, call.out.data + r * out_);
            std::fill_n(zeros, out_ - width, 0.0f);
          }
        });
  }

  void backward(const BackwardCall& call) const override {
    const View& to = call.grad_input();
    if (!to) return;
    const int64_t width = to.channels();
    parallel_for(to.rows(), grain_for(to.rows(), width), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const float* from = call.grad_out.data + r * out_;
        for (int64_t c = 0; c < width; ++c) {
          to.data[r * width + c] = call.adds() ? to.data[r * width + c] + from[c] : from[c];
        }
      }
    });
  }

 private:
  int64_t out_ = 0;
};

}  // namespace

extern const LayerType pad_channels_layer = {
    .name = "pad_channels",
    .family = LayerType::Family::kCut,
    .summary = "channels of zeros behind the others",
    .example = "- {pad_channels: 64}",
    .details =
        "[C,H,W] -> [out,H,W]: the input's channels, then zeros. With {avgpool: 1, stride: 2} "
        "before "
        "it, which takes every second pixel, it is the shortcut of \"option A\" in He et al. 2015, "
        "\"Deep residual learning for image recognition\".",
    .make = make_layer<PadChannels>,
};

}  // namespace cnn

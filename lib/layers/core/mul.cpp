// mul: y = x_0 x_1 ... of equal shapes; an input [C] beside [C,H,W] scales every position
// (squeeze and excitation, Hu et al. 2017).
#include <algorithm>

#include "base/parallel.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

constexpr int64_t kBlock = 128;  // channels at a time, on the stack

class Mul final : public Layer {
 public:
  void setup(Setup& setup) override {
    int largest = 0;
    for (int i = 1; i < setup.inputs(); ++i) {
      const Shape &in = setup.input(i), &most = setup.input(largest);
      if (in.count() > most.count() || (in.count() == most.count() && in.rank() > most.rank())) {
        largest = i;
      }
    }
    const Shape& out = setup.input(largest);
    for (int i = 0; i < setup.inputs(); ++i) {
      const Shape& in = setup.input(i);
      setup.require(in == out || (in.rank() == 1 && in[0] == out.channels()),
                    "mul {} and {}: shapes must be equal, or one of them [{}]",
                    setup.describe(std::min(i, largest)), setup.describe(std::max(i, largest)),
                    out.channels());
    }
    setup.output(out);
    setup.plan().backward_reads_output = false;
  }

  void forward(const ForwardCall& call) const override {
    const int64_t rows = call.out.rows(), channels = call.out.channels();
    parallel_for(rows, grain_for(rows, 2 * channels), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        float* out = call.out.data + r * channels;
        const float* first = row(call, 0, r);
        const float* second = row(call, 1, r);
        for (int64_t c = 0; c < channels; ++c) out[c] = first[c] * second[c];
        for (int i = 2; i < static_cast<int>(call.in.size()); ++i) {
          const float* factor = row(call, i, r);
          for (int64_t c = 0; c < channels; ++c) out[c] *= factor[c];
        }
      }
    });
  }

  void backward(const BackwardCall& call) const override {
    for (int i = 0; i < static_cast<int>(call.grad_in.size()); ++i) {
      if (!call.grad_input(i)) continue;
      if (call.input(i).shape == call.out.shape) {
        backward_equal(call, i);
      } else {
        backward_scale(call, i);
      }
    }
  }

 private:
  // Row r of the output's rows, in input i.
  template <class AnyCall>
  static const float* row(const AnyCall& call, int i, int64_t r) {
    const ConstView& in = call.input(i);
    const bool scales = in.shape.rank() < call.out.shape.rank();
    return in.data + (scales ? r / call.out.shape.positions() : r) * in.channels();
  }

  // product = g * (all inputs but i), of channels [first, first + count) of row r.
  static void product_of_others(const BackwardCall& call, int i, int64_t r, int64_t first,
                                int64_t count, float* product) {
    const float* grad_out = call.grad_out.data + r * call.grad_out.channels() + first;
    std::copy(grad_out, grad_out + count, product);
    for (int k = 0; k < static_cast<int>(call.in.size()); ++k) {
      if (k == i) continue;
      const float* factor = row(call, k, r) + first;
      for (int64_t c = 0; c < count; ++c) product[c] *= factor[c];
    }
  }

  static void backward_equal(const BackwardCall& call, int i) {
    const View& grad_in = call.grad_input(i);
    const int64_t rows = grad_in.rows(), channels = grad_in.channels();
    const bool add = call.adds(i);
    parallel_for(rows, grain_for(rows, 2 * channels), [&](int64_t begin, int64_t end) {
      float product[kBlock];
      for (int64_t r = begin; r < end; ++r) {
        for (int64_t c0 = 0; c0 < channels; c0 += kBlock) {
          const int64_t count = std::min(kBlock, channels - c0);
          product_of_others(call, i, r, c0, count, product);
          float* out = grad_in.data + r * channels + c0;
          for (int64_t c = 0; c < count; ++c) out[c] = add ? out[c] + product[c] : product[c];
        }
      }
    });
  }

  // An input [C]: the sum over the sample's positions.
  static void backward_scale(const BackwardCall& call, int i) {
    const View& grad_in = call.grad_input(i);
    const int64_t positions = call.out.shape.positions(), channels = grad_in.channels();
    const int64_t blocks = chunk_count(channels, kBlock), all = call.batch * blocks;
    const bool add = call.adds(i);
    const int64_t cost = 2 * positions * std::min(kBlock, channels);
    parallel_for(all, grain_for(all, cost), [&](int64_t begin, int64_t end) {
      float product[kBlock];
      for (int64_t work = begin; work < end; ++work) {
        const int64_t sample = work / blocks, c0 = work % blocks * kBlock;
        const int64_t count = std::min(kBlock, channels - c0);
        double sums[kBlock] = {};
        for (int64_t p = 0; p < positions; ++p) {
          product_of_others(call, i, sample * positions + p, c0, count, product);
          for (int64_t c = 0; c < count; ++c) sums[c] += static_cast<double>(product[c]);
        }
        float* out = grad_in.data + sample * channels + c0;
        for (int64_t c = 0; c < count; ++c) {
          out[c] = (add ? out[c] : 0.0f) + static_cast<float>(sums[c]);
        }
      }
    });
  }
};

}  // namespace

extern const LayerType mul_layer = {
    .name = "mul",
    .family = LayerType::Family::kJoin,
    .inputs = LayerType::Inputs::kBranches,
    .spreads = true,
    .min_inputs = 2,
    .max_inputs = kAnyNumber,
    .summary = "product of values, or channels scaled by [C]",
    .example =
        "- {mul: [features, gate]}\n"
        "- {mul: [[], [gap, {linear: 4, act: relu}, {linear: 64, act: sigmoid}]]}",
    .details =
        "y = x_0 x_1 ...; shapes must be equal, but for inputs [C], which scale the "
        "channels of [C,H,W].\n"
        "Hu et al. 2017, \"Squeeze-and-excitation networks\".",
    .other_names = {"Mul", "multiply", "Multiply", "scale_channels"},
    .make = make_layer<Mul>,
};

}  // namespace cnn

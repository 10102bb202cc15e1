// concat: inputs side by side along the channels: [C_0,H,W], [C_1,H,W] ... -> [C_0 + C_1 ...,H,W].
// In memory every position's row is the inputs' rows, one after another.
#include <algorithm>

#include "base/parallel.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

int channel_axis(const Shape& shape) { return shape.rank() == 2 ? 1 : 0; }

// The names of all axes but the channels: "H,W".
std::string other_axes(const Shape& shape) {
  switch (shape.rank()) {
    case 2:
      return "T";
    case 3:
      return "H,W";
    default:
      return "D,H,W";
  }
}

bool differ_in_channels_alone(const Shape& a, const Shape& b) {
  for (int axis = 0; axis < a.rank(); ++axis) {
    if (axis != channel_axis(a) && a[axis] != b[axis]) return false;
  }
  return true;
}

class Concat final : public Layer {
 public:
  void setup(Setup& setup) override {
    const Shape& first = setup.input();
    int64_t channels = 0;
    for (int i = 0; i < setup.inputs(); ++i) {
      const Shape& in = setup.input(i);
      setup.require(in.rank() == first.rank(), "concat {} and {}: the number of axes differs",
                    setup.describe(0), setup.describe(i));
      setup.require(differ_in_channels_alone(first, in), "concat {} and {}: {} differ{}",
                    setup.describe(0), setup.describe(i), other_axes(first),
                    first.rank() == 2 ? "s" : "");
      channels += in.channels();
    }
    std::vector<int64_t> sizes;
    for (int axis = 0; axis < first.rank(); ++axis) {
      sizes.push_back(axis == channel_axis(first) ? channels : first[axis]);
    }
    setup.output(Shape(sizes));
    setup.plan().backward_reads_input = false;
    setup.plan().backward_reads_output = false;
  }

  std::string size_arithmetic(std::span<const Form> inputs, const LayerPlan& plan) const override {
    std::string sum;
    for (const Form& in : inputs) {
      sum += fmt::format("{}{}", sum.empty() ? "" : " + ", in.shape.channels());
    }
    return fmt::format("{} = {}", sum, plan.output().channels());
  }

  void forward(const ForwardCall& call) const override {
    const int64_t rows = call.out.rows(), width = call.out.channels();
    parallel_for(rows, grain_for(rows, width), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        float* out = call.out.data + r * width;
        for (const ConstView& in : call.in) {
          const int64_t channels = in.channels();
          out = std::copy_n(in.data + r * channels, channels, out);
        }
      }
    });
  }

  void backward(const BackwardCall& call) const override {
    int64_t first = 0;
    for (size_t i = 0; i < call.grad_in.size(); ++i) {
      if (call.grad_in[i]) slice(call.grad_out, first, call.grad_in[i], call.add[i] != 0);
      first += call.in[i].channels();
    }
  }

 private:
  // to (+)= the channels of `from` from `first` on.
  static void slice(const ConstView& from, int64_t first, const View& to, bool add) {
    const int64_t rows = to.rows(), channels = to.channels(), width = from.channels();
    parallel_for(rows, grain_for(rows, channels), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const float* in = from.data + r * width + first;
        float* out = to.data + r * channels;
        if (add) {
          for (int64_t c = 0; c < channels; ++c) out[c] += in[c];
        } else {
          std::copy_n(in, channels, out);
        }
      }
    });
  }
};

}  // namespace

extern const LayerType concat_layer = {
    .name = "concat",
    .family = LayerType::Family::kJoin,
    .inputs = LayerType::Inputs::kBranches,
    .spreads = true,
    .min_inputs = 2,
    .max_inputs = kAnyNumber,
    .makes_features = true,
    .summary = "values side by side, along the channels",
    .example =
        "- {concat: [enc1, prev]}\n"
        "- concat:\n"
        "    branch1: {conv: 64, kernel: 1, act: relu}\n"
        "    branch2: [{conv: 96, kernel: 1, act: relu}, {conv: 128, kernel: 3, pad: 1}]",
    .details =
        "[C_0,H,W], [C_1,H,W], ... become [C_0 + C_1 + ...,H,W]; all other axes must be "
        "equal. Vectors and sequences [T,F] are joined along their features.",
    .other_names = {"Concat", "cat", "Concatenate", "concatenate", "route"},
    .make = make_layer<Concat>,
};

}  // namespace cnn

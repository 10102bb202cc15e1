// mse: mean squared error, (x - t)^2 for every number; any shape, the target has the same.
//   dx = 2 (x - t), dt = -dx
#include <algorithm>

#include "base/parallel.h"
#include "layers/catalog.h"
#include "layers/elementwise.h"
#include "layers/loss.h"
#include "layers/vector_math.h"

namespace cnn {
namespace {

// In blocks, each summed in float and added in double.
double sum_of_squares(const float* a, const float* b, int64_t count) {
  constexpr int64_t kBlock = 1024;
  double sum = 0;
  for (int64_t first = 0; first < count; first += kBlock) {
    sum += static_cast<double>(row_sum(std::min(kBlock, count - first), [&](int64_t i) {
      const float difference = a[first + i] - b[first + i];
      return difference * difference;
    }));
  }
  return sum;
}

class Mse final : public Layer {
 public:
  void options(Options& o) override {
    o.reference("target", target_, "the field or layer to come near to").required();
    declare_reduction(o, reduction_);
  }

  void setup(Setup& setup) override {
    setup.target(1, setup.input(), FieldKind::kValues);
    setup.output({2});
  }

  void forward(const ForwardCall& call) const override {
    const int64_t count = call.input().shape.count();
    parallel_for(call.batch, grain_for(call.batch, count), [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n) {
        write_loss(call.out.sample(n),
                   sum_of_squares(call.input(0).sample(n), call.input(1).data + n * count, count),
                   reduction_, static_cast<double>(count));
      }
    });
  }

  void backward(const BackwardCall& call) const override {
    const auto factor = static_cast<float>(2 * loss_gradient_factor(call));
    for (int i = 0; i < 2; ++i) {
      if (!call.grad_input(i)) continue;
      map_elements(call.input(i).data, call.input(1 - i).data, call.grad_input(i).data,
                   call.input().count(), call.adds(i), 1,
                   [=](float a, float b) { return factor * (a - b); });
    }
  }

 private:
  std::string target_;
  Reduction reduction_ = Reduction::kMean;
};

}  // namespace

const LayerType mse_layer = {
    .name = "mse",
    .role = LayerType::Role::kLoss,
    .inputs = LayerType::Inputs::kNames,
    .summary = "mean squared error",
    .example = "loss: {mse: recon, target: image}",
    .details =
        "(x - t)^2, for any shape; the target has the same shape. `mean` averages over all "
        "numbers, `sum` adds within a sample and averages over the batch.",
    .other_names = {"MSELoss", "l2", "l2_loss", "EuclideanLoss", "mean_squared_error"},
    .make = make_layer<Mse>,
};

}  // namespace cnn

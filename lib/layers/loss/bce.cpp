// bce: binary cross entropy of probabilities x with targets t in [0,1], for every number:
//   -t log x - (1 - t) log(1 - x), logarithms not below -100;  dx = (x - t) / (x (1 - x))
#include <limits>

#include "layers/layer_type.h"
#include "layers/loss/value_loss.h"

namespace cnn {
namespace {

class Bce final : public ValueLoss<Bce> {
 public:
  float cost(float x, float t) const { return -t * log(x) - (1.0f - t) * log(1.0f - x); }
  float slope(float x, float t) const {
    const float product = x * (1.0f - x);
    return (x - t) / (product < kSmallest ? kSmallest : product);
  }
  float target_slope(float x, float) const { return log(1.0f - x) - log(x); }

 protected:
  std::optional<FieldRange> target_range() const override {
    return FieldRange{.low = 0, .high = 1, .who = "bce"};
  }
  void check(const ConstView& in) const override {
    for (int64_t i = 0; i < in.count(); ++i) {
      if (in.data[i] >= 0 && in.data[i] <= 1) continue;
      if (in.data[i] != in.data[i]) continue;  // NaN shows in the loss
      fail(Exit::kInput, "",
           "bce: {} is no probability; put a sigmoid before it, or use bce_logits without one",
           in.data[i]);
    }
  }

 private:
  static constexpr float kSmallest = 1e-12f;

  static float log(float x) {
    return x < std::numeric_limits<float>::min() ? -100.0f : fast_log(x);
  }
};

}  // namespace

extern const LayerType bce_layer = {
    .name = "bce",
    .role = LayerType::Role::kLoss,
    .inputs = LayerType::Inputs::kNames,
    .summary = "binary cross entropy of probabilities",
    .example = "loss: {bce: recon, target: image}   # recon ends in a sigmoid",
    .details =
        "-t log x - (1 - t) log(1 - x), for every number; the target has the same shape, and both "
        "lie in [0,1]. Logarithms end at -100, as in PyTorch. bce_logits takes the scores before "
        "the sigmoid, and is exact for large ones: the better choice where nothing else needs the "
        "probabilities.",
    .other_names = {"BCELoss", "binary_cross_entropy"},
    .make = make_layer<Bce>,
};

}  // namespace cnn

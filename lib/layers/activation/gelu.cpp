// gelu: y = x F(x), F the normal distribution's function; or its approximation by tanh,
//   y = x / 2 (1 + tanh(u)) = x sigmoid(2 u),  u = sqrt(2 / pi) (x + 0.044715 x^3)
// Any shape. dy/dx = F(x) + x f(x), f the normal density.
//
// For a = |x| the tail is F(-a) = exp(-a^2 / 2) q(t), t = 1 / (1 + 0.34 a), with a polynomial q
// fitted to 3e-8 of the tail itself: one exponential gives F and f.
#include "kernels/vector_math.h"
#include "layers/elementwise.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

enum class Form { kExact, kTanh };

constexpr float kTwiceRoot = 1.59576912160573f, kCube = 0.044715f;
constexpr float kMost = 20;  // beyond it the sigmoid's derivative is 0

struct Normal {
  float tail;  // F(-|x|)
  float density;
};

inline Normal normal(float x) {
  const float a = std::fabs(x), t = 1.0f / (1.0f + 0.34f * a);
  float q = -0.02612516965f;
  q = q * t + 0.1395222136f;
  q = q * t - 0.2731791456f;
  q = q * t + 0.2022347348f;
  q = q * t - 0.0447534391f;
  q = q * t + 0.1153735348f;
  q = q * t + 0.1151941464f;
  q = q * t + 0.1361126622f;
  q = q * t + 0.1356204779f;
  const float e = fast_exp(-0.5f * x * x);
  return {e * q * t, e * 0.398942280401433f};
}

inline float twice_u(float x) { return kTwiceRoot * (x + kCube * x * x * x); }

class Gelu final : public Layer {
 public:
  void options(Options& o) override {
    o.choice("form", form_, {{"exact", Form::kExact}, {"tanh", Form::kTanh}},
             "the normal distribution itself, or the approximation by tanh")
        .aliases({"approximate", "approximation"});
  }

  void setup(Setup& setup) override { set_up_activation_of_input(setup); }

  void forward(const ForwardCall& call) const override {
    if (form_ == Form::kExact) {
      forward_activation(call, 8, [](float x) {
        const float t = x * normal(x).tail;
        return x > 0.0f ? x - t : t;
      });
    } else {
      forward_activation(call, 8, [](float x) { return x * fast_sigmoid(twice_u(x)); });
    }
  }

  void backward(const BackwardCall& call) const override {
    if (form_ == Form::kExact) {
      backward_activation_of_input(call, 8, [](float g, float x) {
        const auto [tail, density] = normal(x);
        const float below = x > 0.0f ? 1.0f - tail : tail;
        return g * (below + x * density);
      });
    } else {
      backward_activation_of_input(call, 8, [](float g, float x) {
        const float z = detail::clamped(x, -kMost, kMost);
        const float s = fast_sigmoid(twice_u(z));
        const float slope = kTwiceRoot * (1.0f + 3.0f * kCube * z * z);
        return g * (s + z * (s * (1.0f - s)) * slope);
      });
    }
  }

 private:
  Form form_ = Form::kExact;
};

}  // namespace

extern const LayerType gelu_layer = {
    .name = "gelu",
    .role = LayerType::Role::kActivation,
    .summary = "x times the probability that a normal number is below it",
    .example = "- gelu\n- {gelu, form: tanh}\n- {linear: 256, act: gelu}",
    .details =
        "y = x F(x) = x / 2 (1 + erf(x / sqrt 2)), any shape. `form: tanh` gives x / 2 (1 + "
        "tanh(sqrt(2 / pi) (x + 0.044715 x^3))).\n"
        "Hendrycks & Gimpel 2016, \"Gaussian error linear units\".",
    .other_names = {"GELU", "Gelu"},
    .make = make_layer<Gelu>,
};

}  // namespace cnn

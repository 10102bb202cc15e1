#include "kernels/epilogue.h"

#include <cmath>

#include "kernels/numbers.h"
#include "support/catch.h"

namespace cnn {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

Floats rectified(const Rectifier& rectifier, Floats values) {
  const auto count = static_cast<int64_t>(values.size());
  rectify_rows(rectifier, 1, count, count, values.data());
  return values;
}

}  // namespace

TEST_CASE("a rectifier keeps NaN and treats infinities as numbers") {
  const Floats x = {kNan, -kInfinity, -2, -0.0f, 0, 1, 7, kInfinity};
  for (const size_t length : {x.size(), size_t{3}}) {
    const Floats in(x.begin(), x.begin() + static_cast<int64_t>(length));
    const Floats relu = rectified(Rectifier::relu(), in);
    const Floats relu6 = rectified(Rectifier::relu(6), in);
    const Floats leaky = rectified({0.5f}, in);
    const Floats same = rectified({}, in);
    for (size_t i = 0; i < length; ++i) {
      INFO(in[i]);
      if (std::isnan(in[i])) {
        CHECK((std::isnan(relu[i]) && std::isnan(relu6[i]) && std::isnan(leaky[i])));
        continue;
      }
      CHECK(relu[i] == std::max(in[i], 0.0f));
      CHECK_FALSE(std::signbit(relu[i]));
      CHECK(relu6[i] == std::min(std::max(in[i], 0.0f), 6.0f));
      CHECK(leaky[i] == (in[i] > 0 ? in[i] : 0.5f * in[i]));
      CHECK(same[i] == in[i]);
    }
  }
}

TEST_CASE("a rectifier's gradient passes where its result is between the ends") {
  const Floats y = {-1, 0, 0.5f, 6, kInfinity, kNan, 2};
  const auto gradient = [&](const Rectifier& rectifier) {
    Floats g(y.size(), -3.0f);
    rectify_gradient(rectifier, y.data(), static_cast<int64_t>(y.size()), g.data());
    return g;
  };
  CHECK(gradient(Rectifier::relu()) == Floats{0, 0, -3, -3, -3, -3, -3});
  CHECK(gradient(Rectifier::relu(6)) == Floats{0, 0, -3, 0, 0, -3, -3});
  CHECK(gradient({0.5f}) == Floats{-1.5f, -1.5f, -3, -3, -3, -3, -3});
}

TEST_CASE("rows start from bias and residual, and say whether there is anything to add to") {
  const Floats bias = {1, 2, 3}, residual = {10, 20, 30, 0, 40, 50, 60, 0};
  Floats y = poisoned(8);
  CHECK_FALSE(start_rows({}, 2, 3, 4, y.data()));
  CHECK(start_rows({bias.data(), residual.data(), {}}, 2, 3, 4, y.data()));
  for (const int64_t i : {0, 1, 2, 4, 5, 6}) {
    const auto at = static_cast<size_t>(i);
    CHECK(y[at] == bias[at % 4] + residual[at]);
  }
  CHECK(std::isnan(y[3]));
  CHECK(std::isnan(y[7]));
}

}  // namespace cnn

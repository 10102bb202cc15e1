#include "kernels/vector_math.h"

#include <cmath>
#include <limits>
#include <vector>

#include "support/catch.h"

namespace cnn {
namespace {

// The largest error over [low, high], in units in the last place of the true result.
template <class Ours, class Exact>
double largest_error(float low, float high, Ours ours, Exact exact) {
  constexpr int kSteps = 200000;
  double largest = 0;
  for (int i = 0; i <= kSteps; ++i) {
    const float x = low + (high - low) * static_cast<float>(i) / kSteps;
    const double truth = exact(static_cast<double>(x));
    const auto rounded = std::fabs(static_cast<float>(truth));
    const double unit = static_cast<double>(std::nextafter(rounded, INFINITY)) - rounded;
    largest = std::max(largest, std::abs(static_cast<double>(ours(x)) - truth) / unit);
  }
  return largest;
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

}  // namespace

TEST_CASE("the fast functions err by less than 3 units in the last place") {
  const auto exact_exp = [](double x) { return std::exp(x); };
  const auto exact_expm1 = [](double x) { return std::expm1(x); };
  const auto exact_tanh = [](double x) { return std::tanh(x); };
  CHECK(largest_error(-86, 88.7f, fast_exp, exact_exp) < 2);
  CHECK(largest_error(-1, 1, fast_exp, exact_exp) < 2);
  CHECK(largest_error(-20, 88, fast_expm1, exact_expm1) < 3);
  CHECK(largest_error(-1, 1, fast_expm1, exact_expm1) < 3);
  CHECK(largest_error(-1e-6f, 1e-6f, fast_expm1, exact_expm1) < 3);
  CHECK(largest_error(-12, 12, fast_tanh, exact_tanh) < 3);
  CHECK(largest_error(-1, 1, fast_tanh, exact_tanh) < 3);
  CHECK(largest_error(-1e-6f, 1e-6f, fast_tanh, exact_tanh) < 3);
  CHECK(largest_error(-85, 30, fast_sigmoid, sigmoid) < 3);
  const auto exact_log = [](double x) { return std::log(x); };
  const auto exact_log1p = [](double x) { return std::log1p(x); };
  CHECK(largest_error(1e-30f, 1e-20f, fast_log, exact_log) < 3);
  CHECK(largest_error(0.01f, 0.5f, fast_log, exact_log) < 3);
  CHECK(largest_error(0.5f, 2, fast_log, exact_log) < 3);
  CHECK(largest_error(2, 1e30f, fast_log, exact_log) < 3);
  CHECK(largest_error(0, 1, fast_log1p, exact_log1p) < 3);
  CHECK(largest_error(0, 1e-6f, fast_log1p, exact_log1p) < 3);
  const auto exact_softplus = [](double x) { return std::log1p(std::exp(x)); };
  CHECK(largest_error(-85, 30, fast_softplus, exact_softplus) < 3);
}

TEST_CASE("the fast functions have the right values at their ends") {
  constexpr float kMost = std::numeric_limits<float>::max();
  for (const float x : {89.0f, 1e4f, kMost, INFINITY}) {
    CHECK(fast_exp(x) == INFINITY);
    CHECK(fast_exp(-x) == 0);
    CHECK(fast_expm1(-x) == -1);
    CHECK(fast_tanh(x) == 1);
    CHECK(fast_tanh(-x) == -1);
    CHECK(fast_sigmoid(x) == 1);
    CHECK(fast_sigmoid(-x) == 0);
  }
  CHECK(fast_exp(0) == 1);
  CHECK(fast_expm1(0) == 0);
  CHECK(fast_tanh(0) == 0);
  CHECK(fast_sigmoid(0) == 0.5f);
  CHECK(fast_log(1) == 0);
  CHECK(std::isnan(fast_log(NAN)));
  CHECK(std::isnan(fast_softplus(NAN)));
  CHECK(fast_softplus(1e30f) == 1e30f);
  CHECK(fast_softplus(-1e30f) == 0);
  for (const float y : {fast_exp(NAN), fast_expm1(NAN), fast_tanh(NAN), fast_sigmoid(NAN)}) {
    CHECK(std::isnan(y));
  }
}

TEST_CASE("row reductions match plain loops at every length") {
  std::vector<float> row;
  for (int n = 1; n < 260; ++n) {
    row.push_back(static_cast<float>((n * 37) % 263) - 130);
    float sum = 0, largest = row[0];
    for (const float x : row) {
      sum += x;
      largest = std::max(largest, x);
    }
    CHECK(row_sum(n, [&](int64_t i) { return row[static_cast<size_t>(i)]; }) == sum);
    CHECK(row_max(row.data(), n) == largest);
  }
}

}  // namespace cnn

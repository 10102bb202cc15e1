#include "kernels/batch_norm.h"

#include <cmath>
#include <utility>

#include "kernels/channel_rows.h"
#include "kernels/numbers.h"
#include "support/catch.h"

namespace cnn {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Matrix {
  int64_t rows, channels;
  int64_t count() const { return rows * channels; }
};

// One channel, odd ones, whole vectors, more than any vector; one row, few, many.
std::vector<Matrix> matrices() {
  std::vector<Matrix> list = {{1, 1},     {1, 4096}, {5, 4096},  {20000, 1}, {5000, 3},
                              {10000, 2}, {700, 64}, {300, 257}, {33, 1001}, {3000, 16}};
  const Rng rng(3, "matrices");
  for (uint64_t i = 0; i < 16; ++i) {
    list.push_back({1 + static_cast<int64_t>(rng.below(2 * i, 500)),
                    1 + static_cast<int64_t>(rng.below(2 * i + 1, i % 3 == 0 ? 1100 : 70))});
  }
  return list;
}

// Every channel has its own mean, up to `apart` standard deviations from 0.
Floats values_of(const Matrix& m, const char* name, float apart) {
  Floats values = random_floats(m.count(), name);
  for (size_t i = 0; i < values.size(); ++i) {
    const auto channel = static_cast<float>(i % static_cast<size_t>(m.channels));
    values[i] += apart * std::sin(channel + 1);
  }
  return values;
}

struct Reference {
  Doubles mean, squares;

  Reference(const Matrix& m, const Floats& in)
      : mean(static_cast<size_t>(m.channels)), squares(static_cast<size_t>(m.channels)) {
    const auto channels = static_cast<size_t>(m.channels);
    for (size_t i = 0; i < in.size(); ++i) mean[i % channels] += in[i];
    for (double& sum : mean) sum /= static_cast<double>(m.rows);
    for (size_t i = 0; i < in.size(); ++i) {
      squares[i % channels] += std::pow(in[i] - mean[i % channels], 2);
    }
  }
};

Floats as_floats(const double* values, int64_t count) { return {values, values + count}; }

// Runs it on 1, 2, 3 and 4 threads; the bits must be the same.
template <class Run>
std::vector<Floats> on_all_threads(Run&& run) {
  std::vector<Floats> first;
  for (const Threading& threading : kThreadings) {
    const WithThreads with(threading);
    const std::vector<Floats> result = run();
    if (first.empty()) first = result;
    REQUIRE(first.size() == result.size());
    for (size_t i = 0; i < first.size(); ++i) CHECK(same_bits(first[i], result[i]));
  }
  return first;
}

std::vector<Floats> moments_of(const Matrix& m, const Floats& in) {
  return on_all_threads([&] {
    Doubles sums(static_cast<size_t>(batch_norm_sums(m.channels)), kNan);
    batch_norm_moments(in.data(), m.rows, m.channels, sums.data());
    return std::vector<Floats>{as_floats(sums.data(), m.channels),
                               as_floats(sums.data() + m.channels, m.channels)};
  });
}

double largest_relative(const Floats& found, const Doubles& expected) {
  double error = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    if (expected[i] == found[i]) continue;
    const double e = std::abs(found[i] - expected[i]) / std::abs(expected[i]);
    error = e < INFINITY ? std::max(error, e) : INFINITY;
  }
  return error;
}

double rectified(double x, const Rectifier& r) {
  return x <= 0 ? (r.slope == 0 ? 0 : r.slope * x) : std::min(x, static_cast<double>(r.cap));
}

const Rectifier kRectifiers[] = {
    {}, Rectifier::relu(), Rectifier::relu(0.75f), {0.125f, kInfinity}};

// Every matrix with one of the rectifiers in turn; one with each.
std::vector<std::pair<Matrix, Rectifier>> cases() {
  std::vector<std::pair<Matrix, Rectifier>> list;
  for (const Matrix& m : matrices()) list.emplace_back(m, kRectifiers[list.size() % 4]);
  for (const Rectifier& r : kRectifiers) list.emplace_back(Matrix{77, 30}, r);
  return list;
}

struct Inputs {
  explicit Inputs(const Matrix& m)
      : in(values_of(m, "in", 3)),
        residual(random_floats(m.count(), "residual")),
        grad_out(random_floats(m.count(), "gradient")),
        mean(random_floats(m.channels, "mean")),
        scale(random_floats(m.channels, "scale")),
        bias(random_floats(m.channels, "bias")) {}
  Floats in, residual, grad_out, mean, scale, bias;
};

BatchNormForward forward_call(const Matrix& m, const Inputs& inputs, bool residual,
                              const Rectifier& rectifier) {
  return {m.rows,
          m.channels,
          inputs.in.data(),
          inputs.mean.data(),
          inputs.scale.data(),
          inputs.bias.data(),
          residual ? inputs.residual.data() : nullptr,
          rectifier};
}

}  // namespace

TEST_CASE("moments of channels match the reference") {
  for (const Matrix& m : matrices()) {
    for (const float apart : {0.0f, 30.0f}) {
      INFO(m.rows << " x " << m.channels << ", means up to " << apart);
      const Floats in = values_of(m, "in", apart);
      const Reference reference(m, in);
      const std::vector<Floats> found = moments_of(m, in);
      double error = 0;  // of the mean, in standard deviations
      for (size_t c = 0; c < found[0].size(); ++c) {
        const double deviation = std::sqrt(reference.squares[c] / static_cast<double>(m.rows));
        error = std::max(error, std::abs(found[0][c] - reference.mean[c]) /
                                    (std::abs(reference.mean[c]) + deviation));
      }
      CHECK(error < 1e-7);
      CHECK(largest_relative(found[1], reference.squares) < 1e-6);
    }
  }
}

TEST_CASE("moments keep their precision where the first rows are far from the others") {
  const Matrix m = {30000, 3};
  for (const float far : {100.0f, 1e4f}) {
    Floats in = random_floats(m.count(), "in");
    for (size_t i = 0; i < 30; ++i) in[i] += far;
    const std::vector<Floats> found = moments_of(m, in);
    CHECK(largest_relative(found[1], Reference(m, in).squares) < 1e-5);
  }
}

TEST_CASE("moments of a drifting channel match the reference") {
  const Matrix m = {50000, 5};
  Floats in = random_floats(m.count(), "in");
  for (size_t i = 0; i < in.size(); ++i) in[i] += 1e-3f * static_cast<float>(i);
  CHECK(largest_relative(moments_of(m, in)[1], Reference(m, in).squares) < 1e-6);
}

TEST_CASE("a constant channel has no deviation at all") {
  for (const Matrix& m : matrices()) {
    const Floats in(static_cast<size_t>(m.count()), 1234.5f);
    const std::vector<Floats> found = moments_of(m, in);
    CHECK(found[0] == Floats(found[0].size(), 1234.5f));
    CHECK(found[1] == Floats(found[1].size(), 0.0f));
  }
}

namespace {

void check_output(const Matrix& m, const Rectifier& rectifier) {
  const Inputs inputs(m);
  const auto channels = static_cast<size_t>(m.channels);
  for (const bool residual : {false, true}) {
    INFO(m.rows << " x " << m.channels << ", residual " << residual << ", slope " << rectifier.slope
                << ", cap " << rectifier.cap);
    const BatchNormForward call = forward_call(m, inputs, residual, rectifier);
    const std::vector<Floats> found = on_all_threads([&] {
      Floats out = poisoned(m.count());
      batch_norm_output(call, out.data());
      return std::vector<Floats>{out};
    });
    Doubles expected(found[0].size());
    for (size_t i = 0; i < expected.size(); ++i) {
      const size_t c = i % channels;
      const double deviation = static_cast<double>(inputs.in[i]) - inputs.mean[c];
      const double sum = deviation * inputs.scale[c] + inputs.bias[c];
      expected[i] = rectified(sum + (residual ? inputs.residual[i] : 0.0f), rectifier);
    }
    CHECK(relative_error(doubles(found[0]), expected) < 1e-6);

    // In the place of the input, and of the residual.
    Inputs copy = inputs;
    batch_norm_output(forward_call(m, copy, residual, rectifier), copy.in.data());
    CHECK(same_bits(copy.in, found[0]));
    if (!residual) continue;
    copy = inputs;
    batch_norm_output(forward_call(m, copy, true, rectifier), copy.residual.data());
    CHECK(same_bits(copy.residual, found[0]));
  }
}

}  // namespace

TEST_CASE("batch norm with residual and rectifier matches the reference") {
  for (const auto& [m, rectifier] : cases()) check_output(m, rectifier);
}

namespace {

enum class Mask { kFromOut, kFromIn };

void check_backward(const Matrix& m, const Rectifier& rectifier, Mask mask) {
  INFO(m.rows << " x " << m.channels << ", slope " << rectifier.slope << ", cap " << rectifier.cap
              << (mask == Mask::kFromIn ? ", mask from the input" : ""));
  const Inputs inputs(m);
  const auto channels = static_cast<size_t>(m.channels);
  const bool residual = mask == Mask::kFromOut;
  Floats out = poisoned(m.count());
  batch_norm_output(forward_call(m, inputs, residual, rectifier), out.data());

  Doubles g(out.size()), sums(2 * channels), sizes(2 * channels), grad_in(out.size());
  for (size_t i = 0; i < g.size(); ++i) {
    const size_t c = i % channels;
    const double deviation = static_cast<double>(inputs.in[i]) - inputs.mean[c];
    const double passed = out[i] >= rectifier.cap ? 0.0 : 1.0;
    g[i] = inputs.grad_out[i] * (out[i] <= 0 ? static_cast<double>(rectifier.slope) : passed);
    sums[c] += g[i];
    sums[channels + c] += g[i] * deviation;
    sizes[c] += std::abs(g[i]);
    sizes[channels + c] += std::abs(g[i] * deviation);
    grad_in[i] = inputs.scale[c] * g[i] + inputs.bias[c] * deviation + inputs.mean[c];
  }

  BatchNormBackward call;
  call.rows = m.rows;
  call.channels = m.channels;
  call.grad_out = inputs.grad_out.data();
  call.in = inputs.in.data();
  call.mean = inputs.mean.data();
  call.rectifier = rectifier;
  if (mask == Mask::kFromOut) {
    call.out = out.data();
  } else {
    call.scale = inputs.scale.data();
    call.bias = inputs.bias.data();
  }
  const std::vector<Floats> found = on_all_threads([&] {
    Doubles double_sums(static_cast<size_t>(batch_norm_sums(m.channels)), kNan);
    Floats masked = poisoned(m.count());
    batch_norm_gradient_sums(call, double_sums.data(), masked.data());
    BatchNormGradients to;
    to.own = inputs.scale.data();
    to.slope = inputs.bias.data();
    to.offset = inputs.mean.data();
    Floats first = poisoned(m.count()), second = poisoned(m.count());
    to.grad_in = first.data();
    to.grad_residual = second.data();
    batch_norm_gradients(call, to);
    return std::vector<Floats>{as_floats(double_sums.data(), 2 * m.channels), masked, first,
                               second};
  });
  double error = 0;
  for (size_t i = 0; i < sums.size(); ++i) {
    error = std::max(error, std::abs(found[0][i] - sums[i]) / (sizes[i] + 1e-30));
  }
  CHECK(error < 5e-7);
  CHECK(relative_error(doubles(found[1]), g) < 1e-7);
  CHECK(same_bits(found[1], found[3]));
  CHECK(relative_error(doubles(found[2]), grad_in) < 1e-6);

  // Added to what is there, without the other one; in the place of the output's gradient.
  BatchNormGradients to;
  to.own = inputs.scale.data();
  to.slope = inputs.bias.data();
  to.offset = inputs.mean.data();
  Floats sum(out.size(), 0.5f);
  to.grad_in = sum.data();
  to.add_in = true;
  batch_norm_gradients(call, to);
  for (double& x : grad_in) x += 0.5;
  CHECK(relative_error(doubles(sum), grad_in) < 1e-6);
  Floats gradient = inputs.grad_out, residual_sum(out.size(), 0.5f);
  call.grad_out = gradient.data();
  to.grad_in = gradient.data();
  to.add_in = false;
  to.grad_residual = residual_sum.data();
  to.add_residual = true;
  batch_norm_gradients(call, to);
  CHECK(same_bits(gradient, found[2]));
  for (double& x : g) x += 0.5;
  CHECK(relative_error(doubles(residual_sum), g) < 2e-7);
}

}  // namespace

TEST_CASE("the gradients of batch norm with residual and rectifier match the reference") {
  for (const auto& [m, rectifier] : cases()) {
    check_backward(m, rectifier, Mask::kFromOut);
    check_backward(m, rectifier, Mask::kFromIn);
  }
}

TEST_CASE("a matrix too large for the cache is treated alike") {
  const Matrix m = {63000, 67};
  REQUIRE(ChannelRows(m.rows, m.channels, 1).in_order);
  const Floats in = values_of(m, "in", 30);
  const Reference reference(m, in);
  const std::vector<Floats> found = moments_of(m, in);
  CHECK(relative_error(doubles(found[0]), reference.mean) < 1e-7);
  CHECK(largest_relative(found[1], reference.squares) < 1e-6);
  check_output(m, Rectifier::relu());
  check_backward(m, Rectifier::relu(), Mask::kFromOut);
}

TEST_CASE("the masked gradient may take the place of the output's gradient") {
  const Matrix m = {700, 24};
  const Inputs inputs(m);
  Floats out = poisoned(m.count()), gradient = inputs.grad_out, masked = poisoned(m.count());
  batch_norm_output(forward_call(m, inputs, true, Rectifier::relu()), out.data());
  BatchNormBackward call;
  call.rows = m.rows;
  call.channels = m.channels;
  call.grad_out = gradient.data();
  call.in = inputs.in.data();
  call.mean = inputs.mean.data();
  call.rectifier = Rectifier::relu();
  call.out = out.data();
  Doubles sums(static_cast<size_t>(batch_norm_sums(m.channels)), kNan), again = sums;
  batch_norm_gradient_sums(call, sums.data(), masked.data());
  batch_norm_gradient_sums(call, again.data(), gradient.data());
  CHECK(same_bits(gradient, masked));
  CHECK(same_bits(as_floats(sums.data(), 48), as_floats(again.data(), 48)));
}

}  // namespace cnn

#include <cmath>

#include "base/rng.h"
#include "reference/index.h"
#include "support/catch.h"
#include "support/check_layer.h"
#include "support/text.h"

namespace cnn {
namespace {

Numbers by_channel(const ReferenceCall& call) {
  const Shape& in = call.shapes[0];
  Numbers out(call.inputs[0].size());
  for (int64_t n = 0; n < call.batch; ++n) {
    for (int64_t c = 0; c < in.channels(); ++c) {
      for (int64_t p = 0; p < in.positions(); ++p) {
        const size_t i = reference::file_index(in, n, c, p);
        const auto k = static_cast<size_t>(c);
        out[i] = (call.inputs[0][i] - call.parameters[0][k]) * call.parameters[1][k];
      }
    }
  }
  return out;
}

Numbers by_matrix(const ReferenceCall& call) {
  const Shape& in = call.shapes[0];
  const int64_t c = in.channels(), k = static_cast<int64_t>(call.parameters[1].size()) / c;
  Numbers out(static_cast<size_t>(call.batch * k * in.positions()));
  for (int64_t n = 0; n < call.batch; ++n) {
    for (int64_t p = 0; p < in.positions(); ++p) {
      for (int64_t row = 0; row < k; ++row) {
        double sum = 0;
        for (int64_t i = 0; i < c; ++i) {
          sum += call.parameters[1][static_cast<size_t>(row * c + i)] *
                 (call.inputs[0][reference::file_index(in, n, i, p)] -
                  call.parameters[0][static_cast<size_t>(i)]);
        }
        const int64_t at = in.rank() == 2 ? p * k + row : row * in.positions() + p;
        out[static_cast<size_t>(n * k * in.positions() + at)] = sum;
      }
    }
  }
  return out;
}

// Numbers with a mean, and channels that depend on each other.
std::vector<float> correlated(int64_t rows, int64_t channels) {
  const Rng rng(5, "whiten");
  std::vector<float> numbers;
  for (int64_t r = 0; r < rows; ++r) {
    float before = 0;
    for (int64_t c = 0; c < channels; ++c) {
      before = 0.7f * before +
               rng.normal(static_cast<uint64_t>(r * channels + c)) * static_cast<float>(c + 1);
      numbers.push_back(before + 100.0f);
    }
  }
  return numbers;
}

// The covariance of what a fitted layer gives for the numbers that it was fitted to.
std::vector<double> covariance_of(const std::string& item, int64_t channels, int64_t outputs) {
  constexpr int64_t kRows = 2000;
  const LayerHarness harness(item, {Shape{channels}});
  const std::vector<float> numbers = correlated(kRows, channels);
  const std::unique_ptr<Fitter> fitter = harness.layer().fitter();
  REQUIRE(fitter != nullptr);
  for (int64_t first = 0; first < kRows; first += 300) {  // a last, smaller batch too
    const int64_t rows = std::min<int64_t>(300, kRows - first);
    fitter->add({numbers.data() + first * channels, rows, Shape{channels}});
  }
  CHECK_FALSE(fitter->end_pass());
  std::vector<std::vector<float>> values;
  std::vector<float*> parameters;
  std::vector<Numbers> given;
  for (const ParameterRequest& request : harness.plan().parameters) {
    values.emplace_back(static_cast<size_t>(request.shape.count()));
  }
  for (std::vector<float>& v : values) parameters.push_back(v.data());
  fitter->write(parameters);
  for (const std::vector<float>& v : values) given.emplace_back(v.begin(), v.end());
  RunSettings settings;
  settings.pass = Pass::predicting();
  const RunResult result =
      harness.run(settings, kRows, kRows, {Numbers(numbers.begin(), numbers.end())}, given,
                  Numbers(static_cast<size_t>(kRows * outputs), 0));
  std::vector<double> covariance(static_cast<size_t>(outputs * outputs), 0);
  for (int64_t r = 0; r < kRows; ++r) {
    for (int64_t i = 0; i < outputs; ++i) {
      for (int64_t j = 0; j < outputs; ++j) {
        covariance[static_cast<size_t>(i * outputs + j)] +=
            static_cast<double>(result.out[static_cast<size_t>(r * outputs + i)]) *
            static_cast<double>(result.out[static_cast<size_t>(r * outputs + j)]) / kRows;
      }
    }
  }
  return covariance;
}

void check_identity(const std::vector<double>& covariance, size_t n, bool off_diagonal) {
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) {
      if (i != j && !off_diagonal) continue;
      CHECK(covariance[i * n + j] == Approx(i == j ? 1.0 : 0.0).margin(2e-3));
    }
  }
}

}  // namespace

TEST_CASE("whiten multiplies what is left behind the mean") {
  for (const Shape& shape : {Shape{1}, Shape{7}, Shape{3, 5}, Shape{4, 3, 5}}) {
    check_layer({"whiten", {shape}, by_channel});
    check_layer({"{whiten: pca}", {shape}, by_matrix});
    check_layer({"{whiten: zca}", {shape}, by_matrix});
  }
  check_layer({"{whiten: pca, components: 2}", {{7}}, by_matrix});
  check_layer({"{whiten: pca, components: 2}", {{4, 20, 30}}, by_matrix});
}

TEST_CASE("fitted numbers have variance 1, and no covariance where all are whitened") {
  check_identity(covariance_of("whiten", 5, 5), 5, false);
  check_identity(covariance_of("{whiten: pca}", 5, 5), 5, true);
  check_identity(covariance_of("{whiten: zca}", 5, 5), 5, true);
  check_identity(covariance_of("{whiten: pca, components: 2}", 5, 2), 2, true);
}

TEST_CASE("whitenings that cannot be are explained") {
  CHECK(contains(setup_error("{whiten: zca, components: 2}", {{5}}), "are of pca"));
  CHECK(contains(setup_error("{whiten: pca, components: 6}", {{5}}), "6 components of"));
}

}  // namespace cnn

#include <cmath>

#include "support/catch.h"
#include "support/check_layer.h"
#include "support/text.h"

namespace cnn {
namespace {

// Coordinate descent in double until nothing moves: the minimum itself.
struct SparseReference {
  double lambda = 0.1, pull = 0;
  bool positive = false, is_log = false;
  double width = 1;

  Numbers operator()(const ReferenceCall& call) const {
    const auto in = static_cast<size_t>(call.shapes[0].count());
    const size_t atoms = call.parameters[0].size() / in;
    Numbers out;
    for (size_t n = 0; n < static_cast<size_t>(call.batch); ++n) {
      const Numbers x(call.inputs[0].begin() + static_cast<int64_t>(n * in),
                      call.inputs[0].begin() + static_cast<int64_t>((n + 1) * in));
      Numbers guess(atoms, 0);
      for (size_t k = 0; k < atoms && call.inputs.size() > 1; ++k) {
        guess[k] = call.inputs[1][n * atoms + k];
      }
      const Numbers code = minimum(x, call.parameters[0], guess);
      out.insert(out.end(), code.begin(), code.end());
    }
    return out;
  }

  Numbers minimum(const Numbers& x, const Numbers& w, const Numbers& guess) const {
    const size_t in = x.size(), atoms = guess.size();
    Numbers z(atoms, 0), rest = x;
    double moved = 1;
    for (int round = 0; round < 100000 && moved > 1e-14; ++round) {
      moved = 0;
      for (size_t k = 0; k < atoms; ++k) {
        double square = pull, along = pull * guess[k];
        for (size_t j = 0; j < in; ++j) {
          square += w[k * in + j] * w[k * in + j];
          along += w[k * in + j] * (rest[j] + z[k] * w[k * in + j]);
        }
        const double next = shrunk(along / square, lambda / square);
        moved = std::max(moved, std::abs(next - z[k]));
        for (size_t j = 0; j < in; ++j) rest[j] -= (next - z[k]) * w[k * in + j];
        z[k] = next;
      }
    }
    return z;
  }

  double shrunk(double y, double threshold) const {
    const double size = positive ? y : std::abs(y);
    double z = std::max(size - threshold, 0.0);
    if (is_log) {  // weak enough here that the minimum is unique
      const double inside = (size + width) * (size + width) - 4 * threshold * width;
      z = inside > 0 ? std::max((size - width + std::sqrt(inside)) / 2, 0.0) : 0;
    }
    return positive || y > 0 ? z : -z;
  }
};

LayerCase sparse_case(const std::string& item, std::vector<LayerInput> inputs, SparseReference r) {
  LayerCase layer_case{item, std::move(inputs), r};
  layer_case.tolerance = 2e-5;
  layer_case.gradient_tolerance = 2e-4;
  return layer_case;
}

double length(const std::vector<float>& row) {
  double sum = 0;
  for (const float x : row) sum += static_cast<double>(x) * x;
  return std::sqrt(sum);
}

}  // namespace

TEST_CASE("sparse_code finds the minimum, and its gradient is the minimum's") {
  check_layer(sparse_case("{sparse_code: 5, lambda: 0.2, steps: 2000}", {{9}}, {0.2}));
  check_layer(sparse_case("{sparse_code: 7, lambda: 0.5, steps: 2000}", {{4}}, {0.5}));
  check_layer(sparse_case("{sparse_code: 1, lambda: 0.1, steps: 200}", {{3}}, {0.1}));
  check_layer(sparse_case("{sparse_code: 6, lambda: 0.2, steps: 2000, positive: true}", {{8}},
                          {0.2, 0, true}));
}

TEST_CASE("sparse_code with a guess stays near it") {
  check_layer(sparse_case("{sparse_code: 5, lambda: 0.2, steps: 1000, guess: g, pull: 0.7}",
                          {{6}, {5}}, {0.2, 0.7}));
}

TEST_CASE("sparse_code's log penalty leaves large numbers alone") {
  SparseReference reference{0.1};
  reference.is_log = true;
  check_layer(
      sparse_case("{sparse_code: 4, penalty: log, lambda: 0.1, steps: 2000}", {{9}}, reference));
}

TEST_CASE("sparse_code: a number that is not one stays visible") {
  for (const char* penalty : {"l1", "log"}) {
    const LayerHarness layer(fmt::format("{{sparse_code: 2, penalty: {}, steps: 5}}", penalty),
                             {{2}});
    const double nan = std::nan("");
    const RunResult result = layer.run({}, 1, 1, {{nan, 1}}, {{1, 0, 0.6, 0.8}}, {0, 0});
    CHECK(std::isnan(result.out[0]));
  }
}

TEST_CASE("one atom: the code is the projection, shrunk by lambda") {
  const LayerHarness layer("{sparse_code: 1, lambda: 0.5, steps: 100}", {{2}});
  const RunResult result = layer.run({}, 3, 3, {{3, 4, -3, -4, 0.1, 0.1}}, {{0.6, 0.8}}, {1, 1, 1});
  CHECK(result.out[0] == Approx(4.5));
  CHECK(result.out[1] == Approx(-4.5));
  CHECK(result.out[2] == 0);
  CHECK(result.grad_in[0][4] == 0);  // a number that is 0 does not move
}

TEST_CASE("lambda 0 and a loss of nothing do no harm, nor does a dictionary of zeros") {
  const LayerHarness layer("{sparse_code: 3, lambda: 0, steps: 10}", {{2}});
  const RunResult result = layer.run({}, 1, 1, {{1, 2}}, {{0, 0, 0, 0, 0, 0}}, {1, 1, 1});
  CHECK(result.out == std::vector<float>{0, 0, 0});
  CHECK(length(result.gradients[0]) == 0);
}

TEST_CASE("sparse_code refuses what cannot be meant") {
  CHECK(contains(setup_error("{sparse_code: 4}", {{1, 5, 5}}), "add 'flatten' before it"));
  CHECK(contains(setup_error("{sparse_code: 4, pull: 1}", {{5}}), "'pull' needs a 'guess'"));
  CHECK(contains(setup_error("{sparse_code: 4, guess: g}", {{5}, {3}}),
                 "the guess [3] must have one number for each of 4 atoms"));
  CHECK(contains(setup_error("{sparse_code: 4, penalty: l2}", {{5}}), "unknown value 'l2'"));
  CHECK(contains(setup_error("{sparse_code: 4, lambda: -1}", {{5}}), "lambda"));
  CHECK(contains(setup_error("{sparse_code: 0}", {{5}}), "at least 1"));
}

}  // namespace cnn

#include <cmath>

#include "metrics/metrics.h"
#include "support/catch.h"

namespace cnn {
namespace {

// Of samples of `shape`, which come in batches of `batch`.
double result_of(const std::string& name, const Shape& shape, const std::vector<float>& output,
                 const std::vector<float>& target, int64_t batch) {
  const std::unique_ptr<Metric> m = make_metric(name);
  m->setup({shape, shape});
  const auto samples = static_cast<int64_t>(output.size()) / shape.count();
  for (int64_t n = 0; n < samples; n += batch) {
    const int64_t count = std::min(batch, samples - n);
    m->add({output.data() + n * shape.count(), count, shape},
           {target.data() + n * shape.count(), count, shape});
  }
  const Scores scores = m->result();
  REQUIRE(scores.size() == 1);
  CHECK(scores[0].first == name);
  CHECK(m->names() == std::vector<std::string>{name});
  return scores[0].second;
}

const std::vector<float> kTarget = {3, -0.5f, 2, 7};
const std::vector<float> kOutput = {2.5f, 0, 2, 8};

}  // namespace

TEST_CASE("errors of numbers are those worked out by hand, however they come in batches") {
  for (const int64_t batch : {1, 2, 3, 4}) {
    CHECK(result_of("mae", {1}, kOutput, kTarget, batch) == Approx(0.5));
    CHECK(result_of("rmse", {1}, kOutput, kTarget, batch) == Approx(std::sqrt(0.375)));
    CHECK(result_of("r2", {1}, kOutput, kTarget, batch) == Approx(1 - 1.5 / 29.1875));
    // Two numbers a sample: 1 - 0.5 / 0.5 of the first, 1 - 1.25 / 28.125 of the second.
    CHECK(result_of("mae", {2}, kOutput, kTarget, batch) == Approx(0.5));
    CHECK(result_of("r2", {2}, kOutput, kTarget, batch) ==
          Approx((1 - 0.25 / 0.5 + 1 - 1.25 / 28.125) / 2));
  }
  CHECK(result_of("mae", {1}, {}, {}, 1) == 0);
  CHECK(result_of("r2", {1}, {}, {}, 1) == 0);
}

TEST_CASE(
    "the share of explained variance is exact far from zero, and of numbers that stand still") {
  std::vector<float> target, output;
  for (int i = 0; i < 1000; ++i) {
    target.push_back(1e6f + static_cast<float>(i % 10));
    output.push_back(target.back() + (i % 2 == 0 ? 0.5f : -0.5f));
  }
  CHECK(result_of("r2", {1}, output, target, 64) == Approx(1 - 0.25 / 8.25));
  const std::vector<float> still(8, 4.0f);
  CHECK(result_of("r2", {1}, still, still, 3) == 1);
  CHECK(result_of("r2", {1}, {4, 4, 5, 4, 4, 4, 4, 4}, still, 3) == 0);
}

TEST_CASE("ignored targets count nowhere, and of scores the sigmoid is compared") {
  const auto with = [](const std::string& name, bool is_score, std::vector<float> output,
                       std::vector<float> target) {
    const std::unique_ptr<Metric> m = make_metric(name);
    MetricInputs inputs{{1}, {1}};
    inputs.ignore = 99;
    inputs.is_score = is_score;
    m->setup(inputs);
    m->add({output.data(), std::ssize(output), {1}}, {target.data(), std::ssize(target), {1}});
    return m->result()[0].second;
  };
  for (const char* name : {"mae", "rmse", "r2"}) {
    INFO(name);
    CHECK(with(name, false, {2.5f, 0, 7, 2, 8}, {3, -0.5f, 99, 2, 7}) ==
          result_of(name, {1}, kOutput, kTarget, 4));
  }
  CHECK(with("mae", true, {0, 50, -50}, {0.5f, 1, 0}) == Approx(0).margin(1e-9));
}

TEST_CASE("numbers are compared with as many numbers") {
  CHECK_THROWS(make_metric("mae")->setup({{3}, {2}}));
  CHECK_THROWS(make_metric("r2")->setup({{3}, {2}}));
}

}  // namespace cnn

#include <cmath>

#include "graph/builder.h"
#include "metrics/metrics.h"
#include "support/catch.h"
#include "support/training.h"

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

// The results of a model with two numbers, whose target the data set has standardised.
Scores standardised(const std::string& metrics, std::vector<float> output,
                    std::vector<float> target, const Standard& standard) {
  const TemporaryFolder folder;
  const auto count = std::to_string(standard.mean.size());
  const ModelSpec spec = test::load(folder.file(
      "m.yaml", "input: {x: [2]}\nlayers: [{linear: " + count +
                    ", name: out}]\nloss: {mse: out, target: target}\nmetrics: " + metrics + "\n"));
  ParameterStore store;
  const Graph graph = build_graph(spec, Phase::kTest, store);
  MetricSet set(spec, graph);
  Field field{"target", {std::ssize(standard.mean)}};
  field.standard = standard;
  set.take_standards(std::vector<Field>{{"x", {2}}, field});
  const Shape shape = field.shape;
  const int64_t samples = std::ssize(output) / shape.count();
  set.add([&](int id) {
    return ConstView{id == graph.find_value("out") ? output.data() : target.data(), samples, shape};
  });
  return set.result();
}

TEST_CASE("errors of standardised numbers are told in those of the data") {
  const Standard standard{{300000, -7}, {80000, 0.5}};
  const Scores scores = standardised("[mae, rmse, r2]", {0.5f, 1, 0, 0}, {0, 0, 1, 1}, standard);
  // Errors 40,000 and 0.5, then 80,000 and 0.5.
  CHECK(*find_score(scores, "mae") == Approx((40000 + 80000 + 0.5 + 0.5) / 4));
  CHECK(*find_score(scores, "rmse") ==
        Approx(std::sqrt((40000.0 * 40000 + 80000.0 * 80000 + 0.5) / 4)));
  CHECK(*find_score(scores, "r2") ==
        Approx(result_of("r2", {2}, {0.5f, 1, 0, 0}, {0, 0, 1, 1}, 2)));
  // Where numbers are large and differ little, floats of them would have no differences.
  const Scores times = standardised("[mae]", {0.25f, 0}, {0, 0}, {{1.7e9}, {2}});
  CHECK(*find_score(times, "mae") == Approx(0.25));
}

TEST_CASE("metrics that look at more than differences see the numbers themselves") {
  // 0 and 1 with mean 0.25 and deviation 0.5: more than 0.5 is class 1.
  const Scores scores = standardised("[accuracy]", {0.6f, 0.4f, -0.5f, 1},
                                     {1.5f, 1.5f, -0.5f, -0.5f}, {{0.25}, {0.5}});
  CHECK(*find_score(scores, "accuracy") == 0.5);
}

}  // namespace cnn

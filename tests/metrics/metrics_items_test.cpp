#include <cmath>
#include <numbers>

#include "base/parallel.h"
#include "base/rng.h"
#include "graph/builder.h"
#include "metrics/metrics.h"
#include "support/catch.h"
#include "support/training.h"

namespace cnn {
namespace {

using namespace cnn::test;

double score_of(const Metric& metric) { return metric.result().front().second; }

// Three classes with probabilities 1/7, 2/7 and 4/7, in another order each time.
const float kLog2 = std::log(2.0F), kLog4 = std::log(4.0F);
const std::vector<float> kScores = {0, kLog2, kLog4, /**/ kLog4, 0,     kLog2,
                                    0, kLog4, kLog2, /**/ kLog2, kLog4, 0};
const float kTrue[] = {2, 2, 0, 1};  // probabilities 4/7, 2/7, 1/7 and 4/7

}  // namespace

TEST_CASE("perplexity and bits are of the mean over items") {
  const double nats = -std::log(4.0 / 7 * 2 / 7 * 1 / 7 * 4 / 7) / 4;
  const int64_t starts[] = {0, 3, 3, 4};
  for (const char* name : {"perplexity", "bits_per_character"}) {
    INFO(name);
    const std::unique_ptr<Metric> whole = make_metric(name), parts = make_metric(name);
    for (Metric* metric : {whole.get(), parts.get()}) metric->setup({{3}, {1}});
    CHECK(score_of(*whole) == 0);  // of nothing
    whole->add({kScores.data(), 4, {3}, starts}, {kTrue, 4, {1}, starts});
    parts->add({kScores.data(), 1, {3}}, {kTrue, 1, {1}});
    parts->add({kScores.data() + 3, 3, {3}}, {kTrue + 1, 3, {1}});
    const bool is_bits = std::string(name) != "perplexity";
    CHECK(score_of(*whole) ==
          Approx(is_bits ? nats / std::numbers::ln2 : std::exp(nats)).epsilon(1e-7));
    CHECK(score_of(*whole) == score_of(*parts));
  }
}

TEST_CASE("perplexity leaves out the ignored class and takes probabilities as they are") {
  const std::unique_ptr<Metric> metric = make_metric("perplexity");
  metric->setup({.output = {3}, .target = {1}, .ignore = 2});
  metric->add({kScores.data(), 4, {3}}, {kTrue, 4, {1}});
  CHECK(score_of(*metric) == Approx(std::sqrt(7.0 * 7 / 4)));
  metric->setup({.output = {3}, .target = {1}, .makes = Link::kSoftmax});
  const float probabilities[] = {0.5F, 0.25F, 0.25F, 0, 1, 0};
  metric->add({probabilities, 1, {3}}, {kTrue, 1, {1}});
  CHECK(score_of(*metric) == Approx(4));
  metric->add({probabilities + 3, 1, {3}}, {kTrue, 1, {1}});
  CHECK(score_of(*metric) > 1e9);  // what never happens has happened
  CHECK(std::isfinite(score_of(*metric)));
}

TEST_CASE("perplexity of certain and of absurd scores is a number") {
  const std::unique_ptr<Metric> metric = make_metric("perplexity");
  const float scores[] = {1e4F, -1e4F}, right = 0, wrong = 1;
  metric->setup({{2}, {1}});
  metric->add({scores, 1, {2}}, {&right, 1, {1}});
  CHECK(score_of(*metric) == 1);
  metric->add({scores, 1, {2}}, {&wrong, 1, {1}});
  CHECK(std::isfinite(score_of(*metric)));
  CHECK(score_of(*metric) > 1e300);
}

TEST_CASE("metrics of many classes have the same bits for any number of threads") {
  constexpr int64_t kRows = 97, kClasses = 1003;
  const Rng rng(3, "scores");
  std::vector<float> scores(kRows * kClasses), targets(kRows);
  for (size_t i = 0; i < scores.size(); ++i) scores[i] = 3 * rng.normal(i);
  for (size_t r = 0; r < targets.size(); ++r) {
    targets[r] = static_cast<float>(rng.below(4 * (scores.size() + r), kClasses));
  }
  for (const char* name : {"accuracy", "top5", "perplexity", "sequence_accuracy"}) {
    INFO(name);
    std::vector<double> tallies;
    for (const int count : {1, 2, 3, 4}) {
      set_threads(count);
      const std::unique_ptr<Metric> metric = make_metric(name);
      metric->setup({{kClasses}, {1}});
      metric->add({scores.data(), kRows, {kClasses}}, {targets.data(), kRows, {1}});
      MetricTally tally;
      metric->keep(tally);
      if (tallies.empty()) tallies = tally.numbers();
      CHECK(tally.numbers() == tallies);
    }
    CHECK(tallies.back() > 0);
  }
  set_threads(1);
}

TEST_CASE("a list is right if every item that counts is") {
  const std::unique_ptr<Metric> metric = make_metric("sequence_accuracy");
  // The largest scores are 2, 0, 1, 1. Lists of two, none, one, one items, and none.
  const int64_t starts[] = {0, 2, 2, 3, 4, 4};
  const auto share = [&](std::vector<float> targets, std::optional<int64_t> ignore = {}) {
    metric->setup({.output = {3}, .target = {1}, .ignore = ignore});
    metric->add({kScores.data(), 4, {3}, starts}, {targets.data(), 4, {1}, starts});
    return score_of(*metric);
  };
  CHECK(share({2, 0, 1, 1}) == 1);
  CHECK(share({2, 1, 1, 1}) == Approx(2.0 / 3));
  CHECK(share({0, 1, 1, 1}) == Approx(2.0 / 3));
  CHECK(share({2, 0, 1, 0}) == Approx(2.0 / 3));
  CHECK(share({2, 9, 0, 1}, 9) == Approx(2.0 / 3));
  CHECK(share({9, 9, 1, 1}, 9) == 1);  // of two lists: of the first nothing counts
  CHECK(share({9, 9, 9, 9}, 9) == 0);
  // Of pictures every pixel; the largest scores of both are 2, 0 and 1, 1.
  const float pixels[] = {2, 0, 1, 0};
  metric->setup({{3, 1, 2}, {1, 1, 2}});
  metric->add({kScores.data(), 2, {3, 1, 2}}, {pixels, 2, {1, 1, 2}});
  CHECK(score_of(*metric) == 0.5);
}

TEST_CASE("metrics of items are refused where there are no scores of classes") {
  const TemporaryFolder folder;
  const auto problem = [&](const std::string& metrics) {
    return error_of(Exit::kSpec, [&] {
      const ModelSpec spec = load(folder.file("m.yaml", R"(
input: {text: {steps: {most: 5}, classes: 4}}
layers:
  - {embed: 3, name: code}
  - {linear: 1, name: one}
  - {linear: 4, from: code, name: out}
loss: {cross_entropy: out, target: next}
metrics: [)" + metrics + "]\n"));
      ParameterStore store;
      MetricSet(spec, build_graph(spec, Phase::kTest, store));
    });
  };
  CHECK(problem("perplexity, bits_per_character, sequence_accuracy, accuracy").empty());
  CHECK(contains(problem("{perplexity: ~, of: one}"), "needs one value per class, found [1]"));
  CHECK(contains(problem("{sequence_accuracy: ~, of: one}"), "needs one value per class"));
  CHECK(contains(problem("bpc"), "did you mean 'bits_per_character'?"));
  CHECK(contains(problem("{ppl: ~, of: out}"), "did you mean 'perplexity'?"));
}

}  // namespace cnn

#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "base/rng.h"
#include "graph/builder.h"
#include "metrics/metrics.h"
#include "spec/yaml.h"
#include "support/catch.h"
#include "support/training.h"

namespace cnn {
namespace {

using namespace cnn::test;

// Lists of vectors, one list a sample.
struct Lists {
  std::vector<std::vector<std::vector<float>>> samples;

  // Of samples [first, last), packed.
  struct Packed {
    std::vector<float> numbers;
    std::vector<int64_t> starts = {0};
    int64_t width = 0;
    ConstView view() const { return {numbers.data(), starts.back(), {width}, starts.data()}; }
  };
  Packed packed(size_t first, size_t last, int64_t width) const {
    Packed result;
    result.width = width;
    for (size_t n = first; n < last; ++n) {
      for (const auto& item : samples[n]) {
        result.numbers.insert(result.numbers.end(), item.begin(), item.end());
      }
      result.starts.push_back(result.starts.back() + std::ssize(samples[n]));
    }
    return result;
  }
};

std::unique_ptr<Metric> retrieval(int64_t width, const std::string& options = "at: [1, 2]") {
  std::unique_ptr<Metric> metric = make_metric("retrieval");
  Options table;
  metric->options(table);
  Diagnostics diagnostics;
  const Node item = parse_yaml(
      std::make_shared<Source>(Source{"item", "{retrieval: [v, s], " + options + "}", "", false}));
  REQUIRE(table.read_op(item, "retrieval", "metric", diagnostics));
  MetricInputs inputs;
  inputs.output = {width};
  inputs.more = {Shape{width}, Shape{2}};
  metric->setup(inputs);
  return metric;
}

void add(Metric& metric, const Lists& pictures, const Lists& sentences, size_t first, size_t last,
         int64_t width) {
  const Lists::Packed v = pictures.packed(first, last, width),
                      s = sentences.packed(first, last, width);
  const ConstView more[] = {s.view()};
  metric.add(v.view(), {}, more);
}

double score(const Metric& metric, const std::string& name) {
  const Scores scores = metric.result();
  const double* found = find_score(scores, name);
  REQUIRE(found != nullptr);
  return *found;
}

}  // namespace

TEST_CASE("retrieval counts how many come before the own counterpart") {
  // Scores, a row a picture: 3 4 0 / 1 2 0 / 0 5 1.
  const Lists pictures{{{{3, 4, 0}}, {{1, 2, 0}}, {{0, 5, 1}}}};
  const Lists sentences{{{{1, 0, 0}}, {{0, 1, 0}}, {{0, 0, 1}}}};
  const std::unique_ptr<Metric> metric = retrieval(3);
  CHECK(metric->names() == std::vector<std::string>{"v_to_s_recall1", "v_to_s_recall2",
                                                    "v_to_s_rank", "s_to_v_recall1",
                                                    "s_to_v_recall2", "s_to_v_rank"});
  CHECK(score(*metric, "v_to_s_recall1") == 0);  // of nothing
  add(*metric, pictures, sentences, 0, 3, 3);
  // Own sentences stand second, first and second; own pictures first, third and first.
  CHECK(score(*metric, "v_to_s_recall1") == Approx(1.0 / 3));
  CHECK(score(*metric, "v_to_s_recall2") == 1);
  CHECK(score(*metric, "v_to_s_rank") == 2);
  CHECK(score(*metric, "s_to_v_recall1") == Approx(2.0 / 3));
  CHECK(score(*metric, "s_to_v_recall2") == Approx(2.0 / 3));
  CHECK(score(*metric, "s_to_v_rank") == 1);
}

TEST_CASE("every word takes its best region and samples without either are left out") {
  const Lists pictures{{{{1, 0}, {0, 1}}, {}, {{1, 1}}, {{9, 9}}}};
  const Lists sentences{{{{2, 0}, {0, 2}}, {{5, 5}}, {{0.5F, 0.5F}}, {}}};
  // Sentence 0: 4 with picture 0, 4 with picture 2. Sentence 2: 0.5 and 1.
  const std::unique_ptr<Metric> best = retrieval(2);
  add(*best, pictures, sentences, 0, 4, 2);
  CHECK(score(*best, "v_to_s_recall1") == 0.5);
  CHECK(score(*best, "s_to_v_recall1") == 1);  // of equal scores the first wins
  // Where all positive products count, sentence 2 has 0.5 + 0.5 with picture 0, too.
  const std::unique_ptr<Metric> positive = retrieval(2, "at: [1, 2], score: positive");
  add(*positive, pictures, sentences, 0, 4, 2);
  CHECK(score(*positive, "s_to_v_recall1") == 0.5);
  CHECK(score(*positive, "s_to_v_recall2") == 1);
}

TEST_CASE("samples of one picture are one picture with several sentences") {
  // Samples 0 and 2 are of one picture; the sentence of sample 2 fits it best, that of 0 badly.
  const Lists pictures{{{{1, 0}}, {{0, 1}}, {{1, 0}}}};
  const Lists sentences{{{{1, 2}}, {{0, 3}}, {{4, 0}}}};
  const float inputs[] = {7, 8, /**/ 7, 9, /**/ 7, 8};
  const auto measured = [&](bool same) {
    std::unique_ptr<Metric> metric = retrieval(2, same ? "at: [1, 2], same: x" : "at: [1, 2]");
    for (const auto& [first, last] : {std::pair<size_t, size_t>(0, 2), {2, 3}}) {
      const Lists::Packed v = pictures.packed(first, last, 2), s = sentences.packed(first, last, 2);
      const auto count = static_cast<int64_t>(last - first);
      const ConstView more[] = {s.view(), {inputs + 2 * first, count, {2}}};
      metric->add(v.view(), {}, std::span(more).first(same ? 2 : 1));
    }
    return metric;
  };
  const std::unique_ptr<Metric> one = measured(true), each = measured(false);
  CHECK(score(*one, "v_to_s_recall1") == 1);                // of two pictures
  CHECK(score(*one, "s_to_v_recall1") == Approx(2.0 / 3));  // sentence 0 takes picture 1
  CHECK(score(*one, "s_to_v_recall2") == 1);
  // Each a picture of its own: that of sample 0 finds the sentence of sample 2 first.
  CHECK(score(*each, "v_to_s_recall1") == Approx(2.0 / 3));
  CHECK(score(*each, "s_to_v_recall1") == Approx(1.0 / 3));
  MetricTally written;
  one->keep(written);
  MetricTally taken(written.numbers());
  const std::unique_ptr<Metric> again = retrieval(2, "at: [1, 2], same: x");
  again->keep(taken);
  CHECK(taken.fits());
  CHECK(again->result() == one->result());
}

TEST_CASE("a network that says the same of every picture finds by chance alone") {
  Lists pictures, sentences;
  for (int n = 0; n < 20; ++n) {
    pictures.samples.push_back({{0, 0}});
    sentences.samples.push_back({{1, static_cast<float>(n)}});
  }
  const std::unique_ptr<Metric> metric = retrieval(2, "at: [1, 10]");
  add(*metric, pictures, sentences, 0, 20, 2);
  CHECK(score(*metric, "v_to_s_recall1") == 1.0 / 20);
  CHECK(score(*metric, "s_to_v_recall10") == 0.5);
}

TEST_CASE("retrieval does not depend on batches or threads and goes on from a tally") {
  constexpr int64_t kWidth = 19;
  constexpr size_t kSamples = 40;
  Lists pictures, sentences;
  const Rng rng(2, "vectors");
  uint64_t drawn = 0;
  for (size_t n = 0; n < kSamples; ++n) {
    for (Lists* lists : {&pictures, &sentences}) {
      lists->samples.emplace_back(1 + n % 5);
      for (auto& item : lists->samples.back()) {
        for (int64_t i = 0; i < kWidth; ++i) item.push_back(rng.normal(drawn++));
      }
    }
    for (auto& word : sentences.samples.back()) {
      for (size_t i = 0; i < kWidth; ++i) word[i] += pictures.samples[n][0][i] / 2;
    }
  }
  const std::string options = "at: [1, 5, 10]";
  const std::unique_ptr<Metric> whole = retrieval(kWidth, options);
  add(*whole, pictures, sentences, 0, kSamples, kWidth);
  const Scores expected = whole->result();
  CHECK(score(*whole, "v_to_s_recall10") > 0.3);
  CHECK(score(*whole, "v_to_s_recall10") >= score(*whole, "v_to_s_recall5"));
  for (const int count : {1, 2, 3}) {
    set_threads(count);
    const std::unique_ptr<Metric> first = retrieval(kWidth, options),
                                  second = retrieval(kWidth, options);
    add(*first, pictures, sentences, 0, 17, kWidth);
    MetricTally written;
    first->keep(written);
    MetricTally taken(written.numbers());
    second->keep(taken);
    CHECK(taken.fits());
    add(*second, pictures, sentences, 17, kSamples, kWidth);
    CHECK(second->result() == expected);
    CHECK(first->result() != expected);
  }
  set_threads(1);
  whole->reset();
  CHECK(score(*whole, "v_to_s_rank") == 0);
}

TEST_CASE("retrieval keeps so many samples and says what it needs") {
  const Lists pictures{{{{1, 0}}, {{0, 1}}, {{1, 1}}}};
  const std::unique_ptr<Metric> metric = retrieval(2, "most: 2");
  const std::string refused =
      error_of(Exit::kResource, [&] { add(*metric, pictures, pictures, 0, 3, 2); });
  CHECK(contains(refused, "keeps the vectors of at most 2 samples, and there are more"));
  CHECK(contains(refused, "'most' allows for more"));
  const auto names = [](const std::string& metrics, Phase phase = Phase::kTest) {
    const TemporaryFolder folder;
    const ModelSpec spec = load(folder.file("m.yaml", R"(
input: {image: [8], text: {steps: {most: 5}, shape: [3]}}
layers:
  - {linear: 4, from: image, name: v}
  - {linear: 4, from: text, name: s}
  - {linear: 3, from: text, name: three}
loss: {alignment: [v, s]}
metrics: [)" + metrics + "]\n"));
    ParameterStore store;
    const Graph graph = build_graph(spec, phase, store);
    return (phase == Phase::kTest ? MetricSet(spec, graph) : MetricSet::in_training(spec, graph))
        .names();
  };
  const auto problem = [&](const std::string& metrics) {
    return error_of(Exit::kSpec, [&] { names(metrics); });
  };
  CHECK(names("{retrieval: [v, s], at: [3], name: r}") ==
        std::vector<std::string>{"r_v_to_s_recall3", "r_v_to_s_rank", "r_s_to_v_recall3",
                                 "r_s_to_v_rank"});
  CHECK(names("{retrieval: [v, s]}").size() == 8);
  CHECK(names("{retrieval: [v, s], same: image}").size() == 8);
  CHECK(contains(problem("{retrieval: [v, s], same: imge}"), "did you mean 'image'?"));
  CHECK(names("{retrieval: [v, s]}", Phase::kTrain).empty());
  CHECK(contains(problem("{retrieval: [v, three]}"), "vectors of one length, found [4] and [3]"));
  CHECK(contains(problem("{retrieval: [v]}"), "two layers, regions and words, found 1"));
  CHECK(contains(problem("{retrieval: [v, w]}"), "'w'"));
  CHECK(contains(problem("retrieval"), "layers"));
  CHECK(contains(problem("recall_at_k"), "did you mean 'retrieval'?"));
}

}  // namespace cnn

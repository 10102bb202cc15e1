#include <map>

#include "graph/builder.h"
#include "metrics/text_metric.h"
#include "support/catch.h"
#include "support/training.h"

namespace cnn {
namespace {

using namespace cnn::test;

// Writes what it is told to, and remembers how it was asked.
class Scribe final : public TextSource {
 public:
  std::vector<std::string> write(const Writing& how, std::span<const int64_t> samples) override {
    asked.push_back(how);
    std::vector<std::string> texts;
    for (const int64_t sample : samples) {
      texts.push_back(how.beam > 1 ? "a b c d e" : greedy.at(sample));
    }
    return texts;
  }
  std::vector<std::string> references(int64_t sample) const override { return right.at(sample); }

  std::map<int64_t, std::string> greedy;
  std::map<int64_t, std::vector<std::string>> right;
  std::vector<Writing> asked;
};

MetricSet set_of(const std::string& metrics, Phase phase = Phase::kTest, Graph* keep = nullptr) {
  const TemporaryFolder folder;
  const ModelSpec spec = load(folder.file("m.yaml", R"(
input: {text: {steps: {most: 9}, classes: 5}}
layers:
  - {embed: 3, name: code}
  - {linear: 7, from: code, name: aux}
  - {linear: 1, from: code, name: one}
  - {linear: 5, from: code, name: out}
outputs: [out, aux, one]
loss: {cross_entropy: out, target: next}
metrics: )" + metrics + "\n"));
  ParameterStore store;
  Graph graph = build_graph(spec, phase, store);
  MetricSet set =
      phase == Phase::kTest ? MetricSet(spec, graph) : MetricSet::in_training(spec, graph);
  if (keep) *keep = std::move(graph);
  return set;
}

}  // namespace

TEST_CASE("metrics of texts ask once for every way of writing") {
  Graph graph;
  MetricSet set = set_of(
      "[perplexity, bleu, exact_match, {bleu: aux, beam: 5, most: 30, name: wide},"
      " {bleu: ~, n: [1, 4], tokenizer: none, name: of}]",
      Phase::kTest, &graph);
  CHECK(set.wants_texts());
  CHECK(set.names() == std::vector<std::string>{"perplexity", "bleu", "exact_match", "wide",
                                                "of_bleu1", "of_bleu4"});
  const int out = graph.find_value("out"), aux = graph.find_value("aux");
  // Texts need no batch's values to be kept.
  CHECK(set.values() == std::vector<int>{out, graph.find_value("next")});

  Scribe scribe;
  scribe.greedy = {{7, "a b c d e."}, {2, "x y"}, {9, " 42\n"}};
  scribe.right = {{7, {"a b c d e ."}}, {2, {"z", "x y"}}, {9, {"42"}}};
  set.add_texts(scribe, std::vector<int64_t>{7, 2});
  set.add_texts(scribe, std::vector<int64_t>{9});
  const Writing greedy{.value = out}, wide{.value = aux, .beam = 5, .most = 30};
  CHECK(scribe.asked == std::vector<Writing>{greedy, wide, greedy, wide});
  const Scores scores = set.result();
  CHECK(*find_score(scores, "bleu") == Approx(100));  // the point stands apart
  CHECK(*find_score(scores, "exact_match") == Approx(2.0 / 3));
  // Words 5, 2 and 1 of which 4, 2 and 1 are right, against 6, 2 and 1.
  CHECK(*find_score(scores, "of_bleu1") == Approx(100 * std::exp(1 - 9.0 / 8) * 7 / 8));
  CHECK(find_score(scores, "wide") != nullptr);
  CHECK(set.errors() == Scores{{"exact_match_error", 1 - 2.0 / 3}});
  set.reset();
  CHECK(*find_score(set.result(), "bleu") == 0);
}

TEST_CASE("texts that were added up go on from a tally") {
  Scribe scribe;
  scribe.greedy = {{0, "a b c d x f"}, {1, "g h i j k"}};
  scribe.right = {{0, {"a b c d e f"}}, {1, {"g h i j k", "g"}}};
  const std::string metrics = "[bleu, exact_match]";
  MetricSet whole = set_of(metrics), first = set_of(metrics), second = set_of(metrics);
  whole.add_texts(scribe, std::vector<int64_t>{0, 1});
  first.add_texts(scribe, std::vector<int64_t>{0});
  CHECK(second.restore(first.tally()));
  CHECK(second.result() == first.result());
  second.add_texts(scribe, std::vector<int64_t>{1});
  CHECK(second.result() == whole.result());
  CHECK(second.result() != first.result());
}

TEST_CASE("training leaves metrics of texts out") {
  CHECK(set_of("[bleu, accuracy, exact_match]", Phase::kTrain).names() ==
        std::vector<std::string>{"accuracy"});
  CHECK_FALSE(set_of("[bleu, accuracy]", Phase::kTrain).wants_texts());
}

TEST_CASE("a sample without a reference is named and metrics of texts say what they need") {
  MetricSet set = set_of("bleu");
  Scribe scribe;
  scribe.right = {{3, {}}};
  const std::string missing =
      error_of(Exit::kInput, [&] { set.add_texts(scribe, std::vector<int64_t>{3}); });
  CHECK(contains(missing, "sample 3: error: there is no text to compare with"));
  const std::string refused = error_of(Exit::kSpec, [&] { set.refuse_texts(); });
  CHECK(contains(refused,
                 "m.yaml:10:10: error: 'bleu' compares texts, but this network writes none"));
  set_of("accuracy").refuse_texts();
  const auto problem = [](const std::string& metrics) {
    return error_of(Exit::kSpec, [&] { set_of(metrics); });
  };
  CHECK(contains(problem("{bleu: one}"), "needs one score a symbol, found [1]"));
  CHECK(contains(problem("{bleu: uot}"), "did you mean 'out'"));
  CHECK(contains(problem("{bleu: out, of: aux}"), "'of' beside 'out'"));
  CHECK(contains(problem("{bleu: ~, beam: 0}"), "from 1 to 1000"));
  CHECK(contains(problem("{bleu: ~, n: [5]}"), "n"));
  CHECK(contains(problem("{exact_match: ~, most: 0}"), "at least 1"));
  CHECK(contains(problem("sacrebleu"), "did you mean 'bleu'?"));
}

}  // namespace cnn

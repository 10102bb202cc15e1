#include "predict/writer.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "base/parallel.h"
#include "base/rng.h"
#include "graph/builder.h"
#include "predict/text_search.h"
#include "support/catch.h"
#include "support/models.h"
#include "support/text.h"

namespace cnn {
namespace {

constexpr const char* kGoesOn = R"(name: goes-on
input: {text: {steps: 6, classes: 5}}
layers:
  - {embed: 4}
  - {lstm: 7, layers: 2, name: lower}
  - {concat: [lower, [{shift: 2, from: lower}]]}
  - {gru: 6}
  - {linear: 5, name: out}
loss: {cross_entropy: out, target: next}
)";

// LAYER stands between embed and the scores.
std::string reader(const std::string& layer) {
  return "name: goes-on\ninput: {text: {steps: 6, classes: 5}}\nlayers:\n  - {embed: 4}\n  - " +
         layer + "\n  - {linear: 5, name: out}\nloss: {cross_entropy: out, target: next}\n";
}

constexpr const char* kAnswers = R"(name: answers
input: {source: {steps: {most: 5}, classes: 6}, target: {steps: {most: 4}, classes: 4}}
layers:
  - {embed: 3, from: source}
  - {gru: 4, bidirectional: true, name: encoder}
  - {reduce: mean, name: mean}
  - {shift: 1, from: target}
  - {embed: 3}
  - {gru: 8, start: encoder.last, name: decoder}
  - {spread: [mean, decoder], name: beside}
  - {concat: [decoder, beside]}
  - {linear: 4, name: out}
loss: {cross_entropy: out, target: target}
)";

// The same with attention alone.
constexpr const char* kLooks = R"(name: looks
input: {source: {steps: {most: 5}, classes: 6}, target: {steps: {most: 4}, classes: 4}}
layers:
  - {embed: 4, from: source, name: encoder}
  - {shift: 1, from: target}
  - {embed: 4}
  - positions
  - {multihead_attention, heads: 2, causal: true, name: heard}
  - {multihead_attention: [heard, encoder], heads: 2, name: seen}
  - {attention: [seen, encoder], score: additive, name: looked}
  - {concat: [heard, seen, looked]}
  - {linear: 4, name: out}
loss: {cross_entropy: out, target: target}
)";

// A network with large random weights, so that what it says depends on all that it has read.
struct Fixture {
  ParameterStore store;
  Graph graph;

  explicit Fixture(const std::string& yaml) : graph(build(yaml, store)) {
    store.allocate(false);
    for (int p = 0; p < static_cast<int>(store.all().size()); ++p) {
      float* values = store.value(p);
      const Rng rng(3, store.at(p).name);
      for (int64_t i = 0; i < store.at(p).count(); ++i) {
        values[i] = rng.normal(static_cast<uint64_t>(i));
      }
    }
    store.touch();
  }

  static Graph build(const std::string& yaml, ParameterStore& store) {
    return build_graph(spec_of(yaml), Phase::kTest, store);
  }

  // The scores of a whole run over one sample.
  std::vector<float> run(const std::vector<std::vector<float>>& inputs) {
    const WrittenList list = written_list(graph);
    const MemoryPlan plan =
        plan_memory(graph, Pass::predicting(), store, 1, threads(), {list.scores});
    Arena arena(plan.floats);
    Executor executor(graph, store, plan, arena);
    std::vector<std::vector<int64_t>> starts;
    for (const std::vector<float>& input : inputs) {
      starts.push_back({0, static_cast<int64_t>(input.size())});
    }
    for (size_t i = 0; i < inputs.size(); ++i) {
      executor.bind(static_cast<int>(i), inputs[i].data(), starts[i].data());
    }
    executor.forward(1, 0, 0);
    const ConstView scores = executor.value(list.scores);
    return {scores.data, scores.data + scores.count()};
  }
};

void check_near(const float* a, const float* b, int64_t count) {
  for (int64_t i = 0; i < count; ++i) CHECK(a[i] == Approx(b[i]).margin(1e-5));
}

}  // namespace

TEST_CASE("a network that goes on says step by step what it says of the whole text") {
  for (const std::string& yaml :
       {std::string(kGoesOn), reader("{gru: 5, layers: 2}"), reader("{rnn: 5}"),
        reader("positions\n  - {multihead_attention, heads: 2, causal: true}"),
        reader("{positions: sine}\n  - {multihead_attention, heads: 1, causal: true}\n"
               "  - {multihead_attention, heads: 2, causal: true, bias: false}")}) {
    Fixture f(yaml);
    Writer writer(f.graph, f.store, {2, 1});
    writer.allocate();
    const Symbols texts[2] = {{1, 4, 0, 2, 2, 3}, {3, 0, 1, 4, 4, 2}};
    std::vector<float> whole[2];
    for (int t = 0; t < 2; ++t) whole[t] = f.run({{texts[t].begin(), texts[t].end()}});
    for (int round = 0; round < 2; ++round) {  // the second begins anew
      writer.begin(2);
      for (size_t i = 0; i < 6; ++i) {
        const ConstView scores = writer.step(Symbols{texts[0][i], texts[1][i]});
        for (int t = 0; t < 2; ++t) {
          check_near(scores.sample(t), whole[t].data() + i * 5, 5);
        }
      }
    }
    CHECK_FALSE(writer.answers());
    CHECK(writer.most() == 0);
  }
}

TEST_CASE("a network that needs the whole text gets its last items") {
  Fixture f(reader("{gru: 4, bidirectional: true}"));
  Writer writer(f.graph, f.store, {1, 1});
  writer.allocate();
  const Symbols text = {1, 4, 0, 2, 2, 3, 0, 1};
  writer.begin(1);
  ConstView scores;
  for (const int64_t symbol : text) scores = writer.step(Symbols{symbol});
  const std::vector<float> whole = f.run({{text.begin() + 2, text.end()}});
  check_near(scores.data, whole.data() + 5 * 5, 5);
}

TEST_CASE("a network that looks back at so many symbols begins anew with half of them") {
  Fixture f(reader("positions\n  - {multihead_attention, heads: 2, causal: true}"));
  Writer writer(f.graph, f.store, {2, 1});
  writer.allocate();
  const Symbols texts[2] = {{1, 4, 0, 2, 2, 3, 0, 1, 2, 4}, {3, 0, 1, 4, 4, 2, 1, 1, 0, 2}};
  writer.begin(2);
  ConstView scores;
  for (size_t i = 0; i < 10; ++i) scores = writer.step(Symbols{texts[0][i], texts[1][i]});
  // Symbols 3 to 5 were kept when 6 came, and 6 to 8 when 9 came.
  for (int t = 0; t < 2; ++t) {
    std::vector<float> seen(texts[t].begin() + 6, texts[t].end());
    seen.resize(6, 0);
    const std::vector<float> whole = f.run({seen});
    check_near(scores.sample(t), whole.data() + 3 * 5, 5);
  }
}

TEST_CASE("an answer's symbols are told from what was written before them") {
  const std::string yaml = GENERATE(std::string(kAnswers), std::string(kLooks));
  Fixture f(yaml);
  Writer writer(f.graph, f.store, {2, 1});
  writer.allocate();
  CHECK(writer.answers());
  CHECK(writer.most() == 4);
  const std::vector<float> sources[2] = {{5, 1, 2}, {4}};
  const Symbols text = {2, 3, 1, 2};
  const std::vector<float> target(text.begin(), text.end());
  const std::vector<float> packed = {5, 1, 2, 4};
  const std::vector<int64_t> starts = {0, 3, 4};
  writer.before().bind(0, packed.data(), starts.data());
  writer.begin(2);
  for (size_t i = 0; i < text.size(); ++i) {
    const int64_t before = i == 0 ? 0 : text[i - 1];
    const ConstView scores = writer.step(Symbols{before, before});
    for (int s = 0; s < 2; ++s) {
      const std::vector<float> whole = f.run({sources[s], target});
      check_near(scores.sample(s), whole.data() + i * 4, 4);
    }
  }
}

TEST_CASE("a network that reads what it shall tell is refused") {
  std::string yaml = kAnswers;
  const std::string hidden = "  - {shift: 1, from: target}\n  - {embed: 3}\n";
  yaml.replace(yaml.find(hidden), hidden.size(), "  - {embed: 3, from: target}\n");
  Fixture f(yaml);
  CHECK_THROWS_WITH(Writer(f.graph, f.store, {1, 1}), Catch::Contains("put a shift before it"));
}

namespace {

// The text that a search through all of them finds: that with the largest mean logarithm.
Symbols best_of_all(Fixture& f, const std::vector<float>& source) {
  Symbols best;
  double best_mean = -1e9;
  const std::function<void(Symbols)> look = [&](const Symbols& text) {
    std::vector<float> target(text.begin(), text.end());
    const bool is_full = text.size() == 4;
    if (!is_full) target.push_back(0);
    const std::vector<float> scores = f.run({source, target});
    double sum = 0;
    for (size_t i = 0; i < target.size(); ++i) {
      double total = 0;
      for (size_t c = 0; c < 4; ++c) total += std::exp(static_cast<double>(scores[i * 4 + c]));
      sum += static_cast<double>(scores[i * 4 + static_cast<size_t>(target[i])]) - std::log(total);
    }
    const double mean = sum / static_cast<double>(target.size());
    if (mean > best_mean) {
      best_mean = mean;
      best = text;
    }
    for (int64_t c = 1; c < 4 && !is_full; ++c) {
      Symbols longer = text;
      longer.push_back(c);
      look(longer);
    }
  };
  look({});
  return best;
}

std::vector<Symbols> answers(Fixture& f, int64_t beams) {
  Writer writer(f.graph, f.store, {3, beams});
  writer.allocate();
  const std::vector<float> packed = {5, 1, 2, 4, 3, 3};
  const std::vector<int64_t> starts = {0, 3, 4, 6};
  writer.before().bind(0, packed.data(), starts.data());
  return write_answers(writer, 3);
}

}  // namespace

TEST_CASE("beam search with room for all finds the best text") {
  Fixture f(kAnswers);
  const std::vector<Symbols> found = answers(f, 81);
  CHECK(found[0] == best_of_all(f, {5, 1, 2}));
  CHECK(found[1] == best_of_all(f, {4}));
  CHECK(found[2] == best_of_all(f, {3, 3}));
}

TEST_CASE("the likeliest symbols are taken one after another") {
  Fixture f(kAnswers);
  const std::vector<Symbols> found = answers(f, 1);
  std::vector<float> text(4, 0);
  Symbols expected;
  for (size_t i = 0; i < 4; ++i) {
    const std::vector<float> scores = f.run({{5, 1, 2}, text});
    const auto first = scores.begin() + static_cast<int64_t>(i) * 4;
    const int64_t symbol = std::max_element(first, first + 4) - first;
    if (symbol == 0) break;
    expected.push_back(symbol);
    text[i] = static_cast<float>(symbol);
  }
  CHECK(found[0] == expected);
}

TEST_CASE("symbols are drawn as their probabilities say") {
  const std::vector<float> scores = {0.0f, std::log(3.0f), -20.0f, std::log(6.0f)};
  std::map<int64_t, int> seen;
  for (uint64_t i = 0; i < 10000; ++i) ++seen[draw_symbol(scores, {1, 0, 5}, i)];
  CHECK(seen[0] == Approx(1000).margin(120));
  CHECK(seen[1] == Approx(3000).margin(180));
  CHECK(seen[3] == Approx(6000).margin(200));
  seen.clear();
  for (uint64_t i = 0; i < 1000; ++i) ++seen[draw_symbol(scores, {1, 2, 5}, i)];
  CHECK(seen[0] + seen[2] == 0);
  CHECK(draw_symbol(scores, {0, 0, 1}, 7) == 3);
  seen.clear();
  for (uint64_t i = 0; i < 10000; ++i) ++seen[draw_symbol(scores, {0.5, 0, 5}, i)];
  CHECK(seen[3] == Approx(10000.0 * 36 / 46).margin(200));
}

TEST_CASE("a text goes on from its prompt and its seed alone") {
  Fixture f(kGoesOn);
  const auto write = [&](uint64_t seed) {
    Writer writer(f.graph, f.store, {1, 1});
    writer.allocate();
    Symbols text;
    go_on(writer, Symbols{1, 2}, 40, {0.8, 0, seed}, [&](int64_t symbol) {
      text.push_back(symbol);
      return text.size() < 30;
    });
    return text;
  };
  CHECK(write(1).size() == 30);
  CHECK(write(1) == write(1));
  CHECK(write(1) != write(2));
}

}  // namespace cnn

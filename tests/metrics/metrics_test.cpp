#include "metrics/metrics.h"

#include <algorithm>
#include <cmath>

#include "base/rng.h"
#include "graph/builder.h"
#include "graph/main_output.h"
#include "support/catch.h"
#include "support/training.h"

namespace cnn {
namespace {

using namespace cnn::test;

bool wants_classes(std::string_view name) {
  const std::vector<std::string> numbers = {
      "reconstruction_error", "psnr", "mae", "rmse", "r2", "elbo"};
  return std::find(numbers.begin(), numbers.end(), name) == numbers.end();
}

// Four samples of three classes, true classes 0 1 2 1; the arg max gives 0 1 0 2.
const float kOutputs[] = {3, 1, 2, /**/ 0, 5, 1, /**/ 4, 0, 3, /**/ -1, 0, 2};
const float kTargets[] = {0, 1, 2, 1};

double value(const std::string& name) {
  const std::unique_ptr<Metric> m = make_metric(name);
  m->setup({{3}, {1}, std::nullopt});
  m->add({kOutputs, 2, {3}}, {kTargets, 2, {1}});
  m->add({kOutputs + 6, 2, {3}}, {kTargets + 2, 2, {1}});
  CHECK(m->names() == std::vector<std::string>{name});
  return m->result().front().second;
}

TEST_CASE("metrics give what a hand computes") {
  CHECK(value("accuracy") == 0.5);
  CHECK(value("top1") == 0.5);
  // Class 0: 1 of 2 predictions, 1 of 1 found. Class 1: 1 of 1, 1 of 2. Class 2: 0 of 1, 0 of 1.
  CHECK(value("precision") == Approx((0.5 + 1 + 0) / 3));
  CHECK(value("recall") == Approx((1 + 0.5 + 0) / 3));
  CHECK(value("f1") == Approx((2.0 / 3 + 2.0 / 3 + 0) / 3));
}

TEST_CASE("top k counts how many outputs come before the target") {
  const std::unique_ptr<Metric> m = make_metric("topk");
  Options options;
  m->options(options);
  Diagnostics diagnostics;
  REQUIRE(Options::read_value(*options.find("k"), Node::scalar("2"), diagnostics));
  m->setup({{3}, {1}, std::nullopt});
  m->add({kOutputs, 4, {3}}, {kTargets, 4, {1}});
  CHECK(m->result() == Scores{{"top2", 1.0}});
  m->reset();
  CHECK(m->result().front().second == 0);
  // Of equal outputs the first comes first.
  const float equal[] = {1, 1, 1};
  for (int target = 0; target < 3; ++target) {
    const auto t = static_cast<float>(target);
    m->reset();
    m->add({equal, 1, {3}}, {&t, 1, {1}});
    CHECK(m->result().front().second == (target < 2 ? 1 : 0));
  }
}

TEST_CASE("one score alone is of two classes, told apart at 0, or at a half of a probability") {
  const float scores[] = {-2, 0.2F, 0.7F, 3}, labels[] = {0, 0, 1, 1};
  const auto share = [&](float middle, const char* threshold) {
    const std::unique_ptr<Metric> m = make_metric("accuracy");
    Options options;
    m->options(options);
    Diagnostics diagnostics;
    if (threshold != nullptr) {
      REQUIRE(
          Options::read_value(*options.find("threshold"), Node::scalar(threshold), diagnostics));
    }
    m->setup({.output = {1}, .target = {1}, .middle = middle});
    m->add({scores, 4, {1}}, {labels, 4, {1}});
    return m->result().front().second;
  };
  CHECK(share(0, nullptr) == 0.75);
  CHECK(share(0.5F, nullptr) == 1);
  CHECK(share(0.5F, "1") == 0.75);
}

// Of a network with one output, what the metric takes for its middle.
double accuracy_at(const std::string& loss, float score, const std::string& of = "out") {
  const TemporaryFolder folder;
  const ModelSpec spec = load(folder.file(
      "m.yaml", "input: {x: [2]}\nlayers: [{linear: 1, name: out}, {sigmoid, name: p}]\nloss: {" +
                    loss + ": out, target: label}\nmetrics: [{accuracy: ~, of: " + of + "}]\n"));
  ParameterStore store;
  const Graph graph = build_graph(spec, Phase::kTest, store);
  MetricSet set(spec, graph);
  const float one = 1;
  set.add([&](int id) { return ConstView{id == graph.find_value(of) ? &score : &one, 1, {1}}; });
  return set.result().front().second;
}

TEST_CASE("accuracy of a binary classifier knows scores from probabilities by the loss") {
  for (const char* loss : {"bce_logits", "hinge", "logistic"}) {
    INFO(loss);
    CHECK(accuracy_at(loss, 0.3F) == 1);
    CHECK(accuracy_at(loss, -0.3F) == 0);
  }
  CHECK(accuracy_at("bce_logits", 0.3F, "p") == 0);  // the sigmoid of the score
  CHECK(accuracy_at("bce_logits", 0.7F, "p") == 1);
  for (const char* loss : {"bce", "mse"}) {
    INFO(loss);
    CHECK(accuracy_at(loss, 0.3F) == 0);
    CHECK(accuracy_at(loss, 0.7F) == 1);
  }
}

TEST_CASE("accuracy of positions leaves out the ignored class") {
  const std::unique_ptr<Metric> m = make_metric("accuracy");
  m->setup({{2, 2, 2}, {1, 2, 2}, 255});
  const float outputs[] = {1, 0, /**/ 0, 1, /**/ 1, 0, /**/ 0, 1};
  const float targets[] = {0, 255, 1, 1};
  m->add({outputs, 1, {2, 2, 2}}, {targets, 1, {1, 2, 2}});
  CHECK(m->result().front().second == Approx(2.0 / 3));
}

TEST_CASE("a target that is no class is an input error") {
  const std::unique_ptr<Metric> m = make_metric("accuracy");
  m->setup({{3}, {1}, std::nullopt});
  for (const float bad : {3.0f, -1.0f, std::nanf("")}) {
    CHECK(contains(error_of(Exit::kInput,
                            [&] {
                              m->add({kOutputs, 1, {3}}, {&bad, 1, {1}});
                            }),
                   "0 to 2"));
  }
}

TEST_CASE("the confusion matrix counts by true and predicted class") {
  ConfusionMatrix matrix(3);
  matrix.add({kOutputs, 4, {3}}, {kTargets, 4, {1}}, std::nullopt);
  CHECK(matrix.at(0, 0) == 1);
  CHECK(matrix.at(1, 1) == 1);
  CHECK(matrix.at(2, 0) == 1);
  CHECK(matrix.at(1, 2) == 1);
  CHECK(matrix.total() == 4);
  CHECK(matrix.accuracy() == 0.5);
  const ConfusionMatrix::ClassScore one = matrix.score(1);
  CHECK(one.precision == 1);
  CHECK(one.recall == 0.5);
  CHECK(one.f1 == Approx(2.0 / 3));
  CHECK(one.samples == 2);
  CHECK(ConfusionMatrix(2).accuracy() == 0);
}

TEST_CASE("means over classes leave out outputs that no sample is of") {
  // Classes 0 and 1 of three; one sample of class 1 is taken for class 2.
  const std::vector<float> outputs = {1, 0, 0, 0, 1, 0, 0, 0, 1};
  const std::vector<float> targets = {0, 1, 1};
  for (const auto& [name, mean] : Scores{{"precision", 1}, {"recall", 0.75}, {"f1", 5.0 / 6}}) {
    INFO(name);
    const std::unique_ptr<Metric> m = make_metric(name);
    m->setup({{3}, {1}});
    m->add({outputs.data(), 3, {3}}, {targets.data(), 3, {1}});
    CHECK(m->result().front().second == Approx(mean));
  }
}

// The metric set of a model with two heads.
MetricSet set_of(const std::string& metrics, Graph* keep = nullptr) {
  const TemporaryFolder folder;
  const ModelSpec spec = load(folder.file("m.yaml", R"(
input: {image: [1, 8, 8]}
vars: {k: 3}
layers:
  - {flatten, name: flat}
  - {linear: 4, name: aux}
  - {linear: 6, from: flat, name: out}
loss: {cross_entropy: out, target: label, ignore: 5}
metrics: )" + metrics + "\n"));
  ParameterStore store;
  Graph graph = build_graph(spec, Phase::kTest, store);
  MetricSet set(spec, graph);
  if (keep) *keep = std::move(graph);
  return set;
}

TEST_CASE("error rates are one minus the shares of right ones, under the names of papers") {
  MetricSet set = set_of("[accuracy, {topk: 2}, f1, {accuracy: ~, of: aux, name: aux_accuracy}]");
  const float scores[] = {0, 1, 2, 4, 5, 3, /**/ 5, 4, 3, 2, 1, 0}, labels[] = {3, 0};
  set.add([&](int id) {
    const bool is_label = set.values()[1] == id;
    const bool is_aux = set.values()[set.values().size() - 2] == id;
    return is_label ? ConstView{labels, 2, {1}} : ConstView{scores, 2, {is_aux ? 4 : 6}};
  });
  const Scores errors = set.errors();
  REQUIRE(errors.size() == 3);
  CHECK(errors[0] == std::pair<std::string, double>("error", 0.5));
  CHECK(errors[1] == std::pair<std::string, double>("top2_error", 0.0));
  CHECK(errors[2].first == "aux_error");
}

TEST_CASE("metrics read the first loss's input and target unless told otherwise") {
  Graph graph;
  MetricSet set =
      set_of("[accuracy, {topk: $k}, {accuracy: ~, of: aux, name: aux_accuracy}]", &graph);
  CHECK(set.names() == std::vector<std::string>{"accuracy", "top3", "aux_accuracy"});
  const int out = graph.find_value("out"), aux = graph.find_value("aux");
  const int label = graph.find_value("label");
  CHECK(set.values() == std::vector<int>{out, label, out, label, aux, label});
  const std::optional<MainOutput> main = main_output(graph);
  REQUIRE(main.has_value());
  CHECK(main->value == out);
  CHECK(main->target == label);
  CHECK(main->is_classes());
  CHECK(main->ignored == 5);
}

TEST_CASE("one metric may stand without a list, and none at all") {
  CHECK(set_of("accuracy").names() == std::vector<std::string>{"accuracy"});
  CHECK(set_of("[]").names().empty());
  CHECK(set_of("~").names().empty());
}

TEST_CASE("a metric compares lists with lists that have as many items") {
  const TemporaryFolder folder;
  const auto problem = [&](const std::string& metric) {
    return error_of(Exit::kSpec, [&] {
      const ModelSpec spec = load(folder.file("m.yaml", R"(
input: {text: {steps: {most: 5}, shape: [4]}, label: [1]}
layers:
  - {linear: 6, from: text, name: each}
  - {reduce: max}
  - {linear: 6, name: all}
loss:
  - {cross_entropy: all, target: label}
  - {cross_entropy: each, target: tag}
metrics: [)" + metric + "]\n"));
      ParameterStore store;
      MetricSet(spec, build_graph(spec, Phase::kTest, store));
    });
  };
  CHECK(problem("{accuracy: ~, of: each, target: tag}").empty());
  CHECK(contains(problem("{accuracy: ~, of: each, target: label}"),
                 "cannot compare 'each', up to 5 x [6], with 'label', [1]"));
  CHECK(contains(problem("{accuracy: ~, of: all, target: tag}"), "with 'tag', up to 5 x [1]"));
}

TEST_CASE("mistakes in metrics are located") {
  const auto problem = [](const std::string& metrics) {
    return error_of(Exit::kSpec, [&] { set_of(metrics); });
  };
  CHECK(contains(problem("[acuracy]"), "accuracy"));
  CHECK(contains(problem("[acuracy]"), "m.yaml:9"));
  CHECK(contains(problem("[{accuracy: ~, off: aux}]"), "'of'"));
  CHECK(contains(problem("[{accuracy: ~, of: axu}]"), "aux"));
  CHECK(contains(problem("[{accuracy: ~, target: labl}]"), "label"));
  CHECK(contains(problem("[{topk: 7}]"), "only 6 classes"));
  CHECK(contains(problem("[{topk: 0}]"), "at least 1"));
  CHECK(contains(problem("[accuracy, accuracy]"), "already"));
  CHECK(contains(problem("[{accuracy: ~, name: loss}]"), "already"));
  CHECK(contains(problem("[{precision: ~, of: image}]"), "per class"));
  CHECK(contains(problem("[{accuracy: ~, threshold: 0.5}]"), "has a threshold, but 6 classes"));
}

TEST_CASE("every metric goes on from what it had added up") {
  for (const MetricType& type : metric_types()) {
    INFO(type.name);
    // Of texts, and of whole evaluations: in tests of their own.
    if (!make_metric(type.name)->measures_training()) continue;
    const auto made = [&] {
      std::unique_ptr<Metric> metric = type.make();
      Options options;
      metric->options(options);
      Diagnostics diagnostics;
      for (const Option& o : options.table()) {
        if (o.is_required && o.name == "k")
          CHECK(Options::read_value(o, Node::scalar("2"), diagnostics));
        if (o.is_required && o.name == "code") {
          CHECK(Options::read_value(o, Node::list({Node::scalar("m"), Node::scalar("v")}),
                                    diagnostics));
        }
      }
      const bool is_numbers = !metric->reads().empty() || !wants_classes(type.name);
      const Shape output{6, 2, 2};
      MetricInputs inputs{output, is_numbers ? output : Shape{1, 2, 2}};
      inputs.more = {Shape{3}, Shape{3}};
      if (!metric->needs_target()) inputs.target = {};
      metric->setup(inputs);
      return metric;
    };
    const std::unique_ptr<Metric> whole = made(), first = made(), second = made();
    const auto add = [&](Metric& metric, uint64_t batch) {
      const Rng rng(6, "numbers", 0, batch);
      std::vector<float> numbers(48), targets(48), code(12);
      for (uint64_t i = 0; i < 48; ++i) {
        numbers[i] = rng.below(4 * i + 4000, 3) == 0 ? 0.0f : rng.normal(i);
        targets[i] = wants_classes(type.name) ? static_cast<float>(rng.below(4 * i + 400, 6))
                                              : rng.uniform(i + 800);
        code[i / 4] = rng.normal(i + 1200);
      }
      for (int64_t row = 0; batch == 1 && wants_classes(type.name) && row < 4; ++row) {
        targets[static_cast<size_t>(row)] =  // a sample that is right everywhere
            static_cast<float>(arg_max(numbers.data() + 6 * row, 6));
      }
      const ConstView more[] = {{code.data(), 2, {3}}, {code.data() + 6, 2, {3}}};
      const bool is_classes = wants_classes(type.name);
      metric.add({numbers.data(), 2, {6, 2, 2}},
                 {targets.data(), 2, is_classes ? Shape{1, 2, 2} : Shape{6, 2, 2}}, more);
    };
    add(*whole, 0);
    add(*first, 0);
    MetricTally written;
    first->keep(written);
    MetricTally taken(written.numbers());
    second->keep(taken);
    CHECK(taken.fits());
    CHECK(second->result() == first->result());
    add(*whole, 1);
    add(*second, 1);
    CHECK(second->result() == whole->result());
    CHECK(second->result() != first->result());
    MetricTally few(std::vector<double>(written.numbers().size() - 1, 0.0));
    second->keep(few);
    CHECK_FALSE(few.fits());
  }
}

}  // namespace
}  // namespace cnn

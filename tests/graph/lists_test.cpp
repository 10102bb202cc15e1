// Lists of items, layers of several outputs, and what is carried from batch to batch.
#include <cmath>
#include <cstring>

#include "base/parallel.h"
#include "graph/builder_support.h"
#include "graph/executor.h"
#include "graph/memory_plan.h"
#include "graph/rig.h"
#include "support/catch.h"
#include "support/text.h"

namespace cnn {
namespace {

// A graph over lists, run on samples of given lengths; every item and sample has numbers that
// depend on its place alone.
class ListRun {
 public:
  ListRun(const std::string& yaml, Phase phase, const std::vector<int64_t>& lengths)
      : batch_(static_cast<int64_t>(lengths.size())),
        graph_(build_graph(spec_of(yaml), phase, store_)),
        starts_(1, 0) {
    store_.allocate(true);
    store_.initialize(3);
    for (const int64_t n : lengths) starts_.push_back(starts_.back() + n);
    for (const GraphField& field : graph_.fields) {
      const int64_t rows =
          field.field.items.varies ? starts_.back() : batch_ * field.field.items.most;
      fields_.emplace_back(static_cast<size_t>(rows * field.field.shape.count()));
      const Rng rng(1, field.field.name);
      for (size_t i = 0; i < fields_.back().size(); ++i) {
        fields_.back().data()[i] = field.field.kind == FieldKind::kClass
                                       ? static_cast<float>(rng.below(4 * i, 3))
                                       : rng.normal(i);
      }
    }
  }

  Graph& graph() { return graph_; }
  ParameterStore& store() { return store_; }
  const std::vector<int64_t>& starts() const { return starts_; }
  float* field(size_t i) { return fields_[i].data(); }

  // Forward and backward; all values that are kept are in the executor.
  void run(const Pass& pass, int64_t batch, const std::vector<int>& keep) {
    executor_.reset();
    plan_ = plan_memory(graph_, pass, store_, batch, threads(), keep);
    arena_ = std::make_unique<Arena>(plan_.floats);
    std::fill_n(arena_->data(), arena_->floats(), std::nanf(""));
    executor_ = std::make_unique<Executor>(graph_, store_, plan_, *arena_);
    for (size_t i = 0; i < fields_.size(); ++i) {
      const bool varies = graph_.fields[i].field.items.varies;
      executor_->bind(static_cast<int>(i), fields_[i].data(), varies ? starts_.data() : nullptr);
    }
    executor_->forward(batch_, 1, 0);
    if (pass.gradients != Pass::Gradients::kNone) executor_->backward();
  }

  Executor& executor() { return *executor_; }
  std::vector<float> value(const std::string& name) {
    const ConstView view = executor_->value(graph_.find_value(name));
    return {view.data, view.data + view.count()};
  }
  std::vector<float> gradients() {
    const auto span = store_.gradient_arena();
    return {span.begin(), span.end()};
  }

 private:
  int64_t batch_;
  ParameterStore store_;
  Graph graph_;
  std::vector<int64_t> starts_;
  std::vector<Buffer> fields_;
  MemoryPlan plan_;
  std::unique_ptr<Arena> arena_;
  std::unique_ptr<Executor> executor_;
};

// Lists of pictures, or of volumes.
std::string items_of(const std::string& shape) {
  return "name: items\ninput: {frames: {steps: {most: 5}, shape: " + shape + "}}" + R"(
layers:
  - {conv: 4, kernel: 3, pad: 1, name: c1}
  - {bn, act: relu, name: b1}
  - {maxpool: 2}
  - flatten
  - {linear: 6, act: tanh, name: code}
  - {reduce: mean, name: all}
  - {linear: 3, name: out}
loss: {cross_entropy: out, target: label}
)";
}

const std::string kPictures = items_of("[2, 6, 6]");

int id_of(const Graph& graph, const std::string& name) { return graph.find_value(name); }

}  // namespace

TEST_CASE("what works on an item alone works on the items of all samples") {
  const std::string shape = GENERATE("[2, 6, 6]", "[2, 3, 6, 6]");
  const std::string model = items_of(shape);
  ListRun lists(model, Phase::kTrain, {3, 0, 5, 1});
  const int code = id_of(lists.graph(), "code"), all = id_of(lists.graph(), "all");
  lists.run(Pass::training(), 4, {code, all});
  CHECK(lists.executor().value(code).batch == 9);
  CHECK(lists.executor().value(all).batch == 4);
  const std::vector<float> codes = lists.value("code"), means = lists.value("all");
  for (size_t n = 0; n < 4; ++n) {
    for (size_t i = 0; i < 6; ++i) {
      double mean = 0;
      for (int64_t t = lists.starts()[n]; t < lists.starts()[n + 1]; ++t) {
        mean += static_cast<double>(codes[static_cast<size_t>(t) * 6 + i]);
      }
      const int64_t items = lists.starts()[n + 1] - lists.starts()[n];
      if (items > 0) mean /= static_cast<double>(items);
      CHECK(static_cast<double>(means[n * 6 + i]) == Approx(mean).margin(1e-6));
    }
  }
  // The same items as plain samples: what stands before the mean is the same to the bit.
  std::string plain = model;
  const std::string list = "{steps: {most: 5}, shape: " + shape + "}";
  plain.replace(plain.find(list), list.size(), shape);
  plain.replace(plain.find("  - {reduce: mean, name: all}\n"), 30, "");
  ListRun single(plain, Phase::kTrain, {1, 1, 1, 1, 1, 1, 1, 1, 1});
  single.run(Pass::training(), 9, {id_of(single.graph(), "code")});
  CHECK(single.value("code") == codes);
}

TEST_CASE("a list network gives the same bits for any number of threads") {
  std::vector<float> expected;
  for (const int count : {1, 2, 3, 4}) {
    set_threads(count);
    ListRun lists(kPictures, Phase::kTrain, {3, 0, 5, 1, 2, 2});
    lists.run(Pass::training(), 6, {});
    if (expected.empty()) expected = lists.gradients();
    CHECK(std::memcmp(expected.data(), lists.gradients().data(), expected.size() * sizeof(float)) ==
          0);
  }
  set_threads(1);
}

TEST_CASE("a batch whose lists are all empty does no harm") {
  ListRun lists(kPictures, Phase::kTrain, {0, 0});
  lists.run(Pass::training(), 2, {});
  CHECK(std::isfinite(lists.executor().total_loss()));
  for (const float g : lists.gradients()) CHECK(std::isfinite(g));
}

TEST_CASE("a loss over a list counts every real item") {
  constexpr const char* kTagger = R"(name: tagger
input: {text: {steps: {most: 6}, classes: 3}}
layers:
  - {embed: 4}
  - {linear: 3, name: out}
loss: {cross_entropy: out, target: tag}
)";
  ListRun lists(kTagger, Phase::kTrain, {2, 6, 0, 1});
  lists.run(Pass::training(), 4, {id_of(lists.graph(), "out")});
  const Executor::LossSum sum = lists.executor().loss(0);
  CHECK(sum.denominator == 9);
  const std::vector<float> scores = lists.value("out");
  double expected = 0;
  for (size_t r = 0; r < 9; ++r) {
    double all = 0;
    for (size_t c = 0; c < 3; ++c) all += std::exp(static_cast<double>(scores[r * 3 + c]));
    const auto target = static_cast<size_t>(lists.field(1)[r]);
    expected += std::log(all) - static_cast<double>(scores[r * 3 + target]);
  }
  CHECK(sum.numerator == Approx(expected).epsilon(1e-5));
}

TEST_CASE("a sum over a list is averaged over samples") {
  constexpr const char* kCode = R"(name: code
input: {x: {steps: {most: 4}, shape: [3]}}
layers: [{linear: 2, name: out}]
loss: {activity_l1: out}
)";
  ListRun lists(kCode, Phase::kTrain, {1, 4, 0});
  lists.run(Pass::training(), 3, {});
  CHECK(lists.executor().loss(0).denominator == 3);
  const std::vector<float> first = lists.gradients();
  // Twice the samples of half the size weigh the same.
  const std::vector<double> six = {6};
  lists.executor().backward(1.0f, false, six);
  for (size_t i = 0; i < first.size(); ++i) {
    CHECK(lists.gradients()[i] == Approx(first[i] / 2).margin(1e-7));
  }
}

TEST_CASE("a plain value beside a list goes to every item") {
  constexpr const char* kBeside = R"(name: beside
input: {x: {steps: {most: 4}, shape: [3]}, y: [2]}
layers:
  - {linear: 3, from: y, name: bias}
  - {add: [x, bias], name: sum}
  - {concat: [sum, y], name: joined}
)";
  ListRun lists(kBeside, Phase::kTest, {2, 0, 3});
  lists.run(Pass::predicting(), 3, {id_of(lists.graph(), "joined"), id_of(lists.graph(), "bias")});
  const std::vector<float> joined = lists.value("joined"), bias = lists.value("bias");
  REQUIRE(joined.size() == 25);
  for (size_t n = 0; n < 3; ++n) {
    for (auto t = static_cast<size_t>(lists.starts()[n]);
         t < static_cast<size_t>(lists.starts()[n + 1]); ++t) {
      for (size_t i = 0; i < 3; ++i) {
        CHECK(joined[t * 5 + i] == lists.field(0)[t * 3 + i] + bias[n * 3 + i]);
      }
      CHECK(joined[t * 5 + 3] == lists.field(1)[n * 2]);
      CHECK(joined[t * 5 + 4] == lists.field(1)[n * 2 + 1]);
    }
  }
}

TEST_CASE("mistakes with lists are explained") {
  const auto problem = [](const std::string& layers) {
    ParameterStore store;
    try {
      build_graph(spec_of("name: x\ninput: {a: {steps: {most: 4}, shape: [3]}, b: {steps: {most: "
                          "4}, shape: [3]}, c: {steps: 7, classes: 5}, d: [3]}\nlayers:\n" +
                          layers),
                  Phase::kTest, store);
      return std::string();
    } catch (const Error& error) {
      return std::string(error.what());
    }
  };
  CHECK(contains(problem("  - {add: [a, b]}\n"), "are not equally long"));
  CHECK(contains(problem("  - {add: [a, b]}\n"), "'a' up to 4 x [3] and 'b' up to 4 x [3]"));
  CHECK(contains(problem("  - {linear: 2, from: c}\n"), "put 'embed' or 'onehot' before it"));
  CHECK(contains(problem("  - {shift: 1, from: d}\n"), "is no list"));
  CHECK(contains(problem("  - {reduce: mean, from: c}\n"), "no amounts"));
  CHECK(contains(problem("  - {spread: [a, b]}\n"), "is a list already"));
  CHECK(contains(problem("  - {embed: 4, from: d}\n"), "not one class number"));
}

TEST_CASE("the outputs of a layer have names and gradients of their own") {
  constexpr const char* kSplit = R"(name: split
input: {x: [6]}
layers:
  - {linear: 6, name: a}
  - {split: [2, 4], name: s}
  - {linear: 2, from: s.0, name: left}
  - {linear: 2, from: s.1, name: right}
  - {add: [left, right], name: out}
loss: {mse: out, target: y}
)";
  std::string sliced = kSplit;
  sliced.replace(
      sliced.find("  - {split: [2, 4], name: s}\n"), 29,
      "  - {slice: [0, 2], from: a, name: s0}\n  - {slice: [2, 6], from: a, name: s1}\n");
  sliced.replace(sliced.find("s.0"), 3, "s0");
  sliced.replace(sliced.find("s.1"), 3, "s1");
  ListRun split(kSplit, Phase::kTrain, {1, 1, 1}), slices(sliced, Phase::kTrain, {1, 1, 1});
  split.run(Pass::training(), 3, {});
  slices.run(Pass::training(), 3, {});
  CHECK(split.gradients() == slices.gradients());
  // A part that nobody reads has no gradient, which counts as 0.
  std::string half = kSplit;
  half.replace(half.find("[left, right]"), 13, "[left, left]");
  ListRun one(half, Phase::kTrain, {1, 1, 1});
  one.run(Pass::training(), 3, {});
  for (const float g : one.gradients()) CHECK(std::isfinite(g));
}

TEST_CASE("a shift with memory goes on where the batch before has ended") {
  constexpr const char* kStream = R"(name: stream
input: {x: {steps: 3, shape: [1]}}
layers: [{shift: 2, carry: true, name: y}]
)";
  ListRun lists(kStream, Phase::kTest, {3, 3});
  const int y = id_of(lists.graph(), "y");
  lists.run(Pass::predicting(), 2, {y});
  const float* x = lists.field(0);
  const std::vector<float> first = lists.value("y");
  CHECK(first == std::vector<float>{0, 0, x[0], 0, 0, x[3]});
  lists.executor().forward(2, 1, 1);
  CHECK(lists.value("y") == std::vector<float>{x[1], x[2], x[0], x[4], x[5], x[3]});
  const auto carried = lists.executor().carried();
  CHECK(carried.size() >= 8);
  lists.executor().reset_carried();
  lists.executor().forward(2, 1, 2);
  CHECK(lists.value("y") == first);
}

TEST_CASE("losses that read one target are over lists of the same length") {
  const std::string text = R"(
input: {a: {steps: {most: 5}, shape: [4]}, b: {steps: {most: 5}, shape: [4]}}
layers: [{linear: 3, from: a, name: x}, {linear: 3, from: b, name: y}]
loss:
  - {cross_entropy: x, target: tag}
  - {cross_entropy: y, target: tag}
)";
  std::string problem;
  try {
    Built built(text);
  } catch (const Error& error) {
    problem = error.what();
  }
  CHECK(contains(problem,
                 "needs 'tag' to be up to 5 x [1] class numbers below 3, as many as its "
                 "own input has"));
  try {
    Built built(
        "input: {a: {steps: {most: 5}, shape: [4]}, b: {steps: {most: 5}, shape: [4]}}\n"
        "layers: [{add: [a, b], name: x}]\n");
  } catch (const Error& error) {
    problem = error.what();
  }
  CHECK(contains(problem, "are not equally long in every sample"));
  CHECK(contains(problem, "one has as many items as 'b'"));
}

TEST_CASE("a graph's copy runs as the graph does, and may be joined by itself") {
  ListRun lists(kPictures, Phase::kTrain, {3, 1});
  const Graph copy = lists.graph().clone();
  CHECK(copy.nodes.size() == lists.graph().nodes.size());
  for (size_t i = 0; i < copy.nodes.size(); ++i) {
    CHECK(copy.nodes[i].name == lists.graph().nodes[i].name);
    CHECK(copy.nodes[i].layer != lists.graph().nodes[i].layer);
  }
}

TEST_CASE("an output that is computed only where it is read has no memory elsewhere") {
  const std::string text = R"(name: m
input: {words: {steps: {most: 4}, shape: [6]}}
layers:
  - {multihead_attention, heads: 2, name: look}
  - {reduce: mean}
  - {linear: 3, name: out}
loss: {cross_entropy: out, target: label}
)";
  ListRun run(text, Phase::kTrain, {2, 0, 4});
  const int context = run.graph().find_value("look"), weights = context + 1;
  REQUIRE(run.graph().value(weights).name == "look.weights");
  run.run(Pass::training(), 3, {context});
  CHECK(run.executor().value(weights).data == nullptr);
  const auto gradients = run.gradients();
  const std::vector<float> without = run.value("look");
  run.run(Pass::training(), 3, {context, weights});
  CHECK(run.value("look") == without);
  CHECK(run.gradients() == gradients);
  const std::vector<float> looks = run.value("look.weights");
  REQUIRE(looks.size() == 6 * 4);
  CHECK(looks[0] + looks[1] == Approx(1));
  CHECK(looks[2] == 0);  // the first sample has two items
}

}  // namespace cnn

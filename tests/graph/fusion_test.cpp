#include "graph/passes/fusion.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/parallel.h"
#include "graph/builder.h"
#include "graph/executor.h"
#include "support/catch.h"
#include "support/models.h"
#include "support/threads.h"

namespace cnn {
namespace {

constexpr int64_t kBatch = 3;

// Everything that joins: residuals of both kinds, all rectifiers, bias and none, a linear layer
// with batch norm, dropout, grouped and 1x1 convolutions, batch norm behind no convolution.
constexpr const char* kNet = R"(
input: {image: [3, 9, 9]}
layers:
  - {conv: 8, kernel: 3, pad: 1, bias: false, name: stem}
  - {bn, act: relu, name: bn0}
  - {conv: 8, kernel: 3, pad: 1, name: conv1}
  - {bn, act: {leaky_relu: 0.2}, name: bn1}
  - {conv: 8, kernel: 1, bias: false, name: conv2}
  - {bn, name: bn2}
  - {add: [bn2, bn0], act: relu, name: sum}
  - {conv: 16, kernel: 3, stride: 2, groups: 2, bias: false, name: conv3}
  - {bn, name: bn3}
  - seq: [{conv: 16, kernel: 3, stride: 2}, bn]
    name: down
    from: sum
  - {add: [bn3, down], act: relu6, name: sum2}
  - {conv: 16, kernel: 3, pad: 1, act: relu, name: plain}
  - {dropout: 0.4, name: drop}
  - {maxpool: 2}
  - {bn, act: relu, name: lone}
  - gap
  - {linear: 12, name: hidden}
  - {bn, act: relu, name: bn4}
  - {linear: 10, act: {leaky_relu: 0.1}, name: fc}
  - {linear: 4, name: out}
loss: {cross_entropy: out, target: label}
)";

class Rig {
 public:
  Rig(const std::string& yaml, const Pass& pass, bool fused, const std::vector<std::string>& keep)
      : pass_(pass), graph_(build_graph(spec_of(yaml), pass.phase, store_)) {
    for (const std::string& name : keep) keep_.push_back(graph_.find_value(name));
    if (fused) fuse(graph_, pass, keep_);
    store_.allocate(true);
    fill_parameters(1);
    plan_ = plan_memory(graph_, pass, store_, kBatch, threads(), keep_);
    arena_.emplace(plan_.floats);
    std::fill_n(arena_->data(), arena_->floats(), std::numeric_limits<float>::quiet_NaN());
    executor_.emplace(graph_, store_, plan_, *arena_);
    for (const GraphField& field : graph_.fields) {
      fields_.emplace_back(field.field.shape, kBatch);
      const Rng rng(1, field.field.name);
      for (int64_t i = 0; i < fields_.back().view().count(); ++i) {
        const auto u = static_cast<uint64_t>(i);
        fields_.back().data()[i] = field.field.kind == FieldKind::kClass
                                       ? static_cast<float>(rng.below(4 * u, 3))
                                       : rng.normal(u);
      }
    }
    for (size_t i = 0; i < fields_.size(); ++i) {
      executor_->bind(static_cast<int>(i), fields_[i].data());
    }
  }

  // Statistics too: a folded batch norm that does nothing would prove little.
  void fill_parameters(uint64_t seed) {
    for (size_t i = 0; i < store_.all().size(); ++i) {
      const Parameter& p = store_.all()[i];
      const Rng rng(seed, p.name);
      std::vector<float> values(static_cast<size_t>(p.count()));
      for (size_t k = 0; k < values.size(); ++k) {
        values[k] = p.request.name == "running_var" ? 0.5f + rng.uniform(k) : 0.4f * rng.normal(k);
      }
      store_.import_values(static_cast<int>(i), values);
    }
  }

  std::vector<float> value(const std::string& name) {
    const ConstView view = executor_->value(graph_.find_value(name));
    return {view.data, view.data + view.count()};
  }
  std::vector<float> run(const std::string& name = "out") {
    executor_->forward(kBatch, 5, 1);
    return value(name);
  }
  std::vector<float> run_backward() {
    executor_->forward(kBatch, 5, 1);
    executor_->backward();
    const auto span = store_.gradient_arena();
    return {span.begin(), span.end()};
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const GraphNode& node : graph_.nodes) names.push_back(node.name);
    return names;
  }
  bool has(const std::string& name) const {
    const std::vector<std::string> all = names();
    return std::find(all.begin(), all.end(), name) != all.end();
  }
  Executor& executor() { return *executor_; }
  ParameterStore& store() { return store_; }
  const Graph& graph() const { return graph_; }
  const MemoryPlan& plan() const { return plan_; }
  Arena& arena() { return *arena_; }

 private:
  Pass pass_;
  ParameterStore store_;
  Graph graph_;
  std::vector<int> keep_;
  MemoryPlan plan_;
  std::optional<Arena> arena_;
  std::optional<Executor> executor_;
  std::vector<Tensor> fields_;
};

Rig fused(const Pass& pass, const std::vector<std::string>& keep = {"out"},
          const std::string& yaml = kNet) {
  return Rig(yaml, pass, true, keep);
}
Rig single(const Pass& pass, const std::vector<std::string>& keep = {"out"},
           const std::string& yaml = kNet) {
  return Rig(yaml, pass, false, keep);
}

// The largest difference, relative to the largest number.
double apart(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size() || a.empty()) return INFINITY;
  double largest = 0, error = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double difference = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    if (!(difference < INFINITY)) return INFINITY;
    error = std::max(error, difference);
    largest = std::max(largest, std::abs(static_cast<double>(b[i])));
  }
  return error / largest;
}

}  // namespace

TEST_CASE("joined layers compute in testing what the single ones do") {
  Rig a = fused(Pass::testing()), b = single(Pass::testing());
  CHECK(apart(a.run(), b.run()) < 1e-5);
  CHECK(std::abs(a.executor().total_loss() - b.executor().total_loss()) < 1e-5);
  for (const char* name :
       {"stem + bn0 + relu", "conv1 + bn1 + leaky_relu", "conv2 + bn2 + sum + relu",
        "conv3 + bn3 + sum2 + relu6", "down.0 + bn", "plain + relu", "lone + relu",
        "hidden + bn4 + relu", "fc + leaky_relu", "out"}) {
    INFO(name);
    CHECK(a.has(name));
  }
  CHECK_FALSE(a.has("drop"));
  CHECK(b.has("drop"));
}

TEST_CASE("joined layers give in training the gradients of the single ones") {
  Rig a = fused(Pass::training()), b = single(Pass::training());
  CHECK(apart(a.run_backward(), b.run_backward()) < 1e-5);
  CHECK(apart(a.value("out"), b.value("out")) < 1e-5);
  for (const char* name : {"bn0 + relu", "bn1 + leaky_relu", "bn2 + sum + relu",
                           "bn3 + sum2 + relu6", "plain + relu", "drop", "fc + leaky_relu"}) {
    INFO(name);
    CHECK(a.has(name));
  }
  for (size_t i = 0; i < a.store().all().size(); ++i) {
    const int id = static_cast<int>(i);
    if (a.store().at(id).request.learned) continue;
    CHECK(apart(a.store().export_values(id), b.store().export_values(id)) < 1e-5);
  }
}

TEST_CASE("layers over volumes join as those over pictures do") {
  const char* yaml = R"(
input: {clip: [2, 4, 9, 9]}
layers:
  - {conv: 8, kernel: 3, pad: 1, bias: false, name: stem}
  - {bn, act: relu, name: bn0}
  - {conv: 8, kernel: [1, 3, 3], pad: [0, 1, 1], name: conv1}
  - {bn, name: bn1}
  - {add: [bn1, bn0], act: relu, name: sum}
  - {conv: 8, kernel: [3, 1, 1], stride: [2, 1, 1], groups: 2, bias: false, name: conv2}
  - {bn, act: relu6, name: bn2}
  - {maxpool: [1, 2, 2]}
  - {conv: 4, kernel: 1, act: {leaky_relu: 0.1}, name: plain}
  - gap
  - {linear: 4, name: out}
loss: {cross_entropy: out, target: label}
)";
  Rig a = fused(Pass::testing(), {"out"}, yaml), b = single(Pass::testing(), {"out"}, yaml);
  CHECK(apart(a.run(), b.run()) < 1e-5);
  for (const char* name : {"stem + bn0 + relu", "conv1 + bn1 + sum + relu", "conv2 + bn2 + relu6",
                           "plain + leaky_relu"}) {
    INFO(name);
    CHECK(a.has(name));
  }
  Rig c = fused(Pass::training(), {"out"}, yaml), d = single(Pass::training(), {"out"}, yaml);
  CHECK(apart(c.run_backward(), d.run_backward()) < 1e-5);
  CHECK(apart(c.value("out"), d.value("out")) < 1e-5);
}

TEST_CASE("joined layers need no more memory, and fewer walks") {
  for (const Pass& pass : {Pass::training(), Pass::testing()}) {
    const Rig a = fused(pass), b = single(pass);
    CHECK(a.graph().nodes.size() < b.graph().nodes.size());
  }
  const char* chain = R"(
input: {image: [4, 32, 32]}
layers:
  - {conv: 4, kernel: 3, pad: 1, bias: false, repeat: 4, act: relu}
  - {bn, act: relu}
  - {conv: 4, kernel: 3, pad: 1, name: a}
  - {add: [a, prev], act: relu}
  - gap
  - {linear: 3, name: out}
loss: {cross_entropy: out, target: label}
)";
  const Rig a = fused(Pass::training(), {}, chain), b = single(Pass::training(), {}, chain);
  // Scratch of other sizes packs differently.
  CHECK(static_cast<double>(a.plan().floats) < 1.05 * static_cast<double>(b.plan().floats));
}

TEST_CASE("any number of threads gives joined layers the same bits") {
  std::vector<std::vector<float>> outputs, gradients;
  for (const Threading& threading : kThreadings) {
    const WithThreads with(threading);
    outputs.push_back(fused(Pass::testing()).run());
    gradients.push_back(fused(Pass::training()).run_backward());
    CHECK(outputs.back() == outputs.front());
    CHECK(gradients.back() == gradients.front());
  }
}

TEST_CASE("a value that somebody else reads is not absorbed") {
  SECTION("kept values") {
    Rig a = fused(Pass::testing(), {"out", "conv1", "plain", "drop"});
    Rig b = single(Pass::testing(), {"out", "conv1", "plain", "drop"});
    CHECK(apart(a.run("conv1"), b.run("conv1")) < 1e-5);
    CHECK(apart(a.value("plain"), b.value("plain")) < 1e-5);
    CHECK(a.has("conv1"));
    CHECK(a.has("bn1 + leaky_relu"));
    CHECK(a.has("drop"));
  }
  SECTION("two readers, named outputs") {
    const char* yaml = R"(
input: {image: [2, 6, 6]}
layers:
  - {conv: 4, kernel: 3, pad: 1, name: a}
  - {relu, name: r}
  - {conv: 4, kernel: 3, pad: 1, name: b}
  - {sigmoid, name: s}
  - {add: [a, b], name: sum}
  - {relu, name: out}
outputs: {sum: sum, out: out}
)";
    Rig a = fused(Pass::predicting(), {}, yaml), b = single(Pass::predicting(), {}, yaml);
    CHECK(apart(a.run(), b.run()) < 1e-5);
    CHECK(apart(a.value("sum"), b.value("sum")) < 1e-5);
    CHECK(a.names() == b.names());
  }
  SECTION("gradients to the input are asked for layer by layer") {
    const Pass pass{Phase::kTest, Pass::Gradients::kInput, Pass::Rule::kGuided, true};
    CHECK(fused(pass).names() == single(pass).names());
  }
}

TEST_CASE("folded weights follow the weights") {
  Rig a = fused(Pass::testing()), b = single(Pass::testing());
  const std::vector<float> first = a.run();
  CHECK(a.run() == first);
  a.fill_parameters(2);
  b.fill_parameters(2);
  const std::vector<float> second = a.run();
  CHECK(apart(second, first) > 0.01);
  CHECK(apart(second, b.run()) < 1e-5);
}

TEST_CASE("folded weights survive another run in the same memory") {
  Rig a = fused(Pass::testing());
  const std::vector<float> first = a.run();
  const MemoryPlan other = plan_memory(a.graph(), Pass::testing(), a.store(), 1, threads());
  Executor executor(a.graph(), a.store(), other, a.arena());
  const std::vector<float> image(3 * 9 * 9, 0.5f), label(1, 0.0f);
  executor.bind(0, image.data());
  executor.bind(1, label.data());
  executor.forward(1, 1, 1);
  CHECK(a.run() == first);
}

TEST_CASE("a number that is not finite is found in joined layers by their names") {
  Rig a = fused(Pass::testing());
  const int id = a.store().find("conv1.bias");
  a.store().import_values(id, std::vector<float>(8, std::numeric_limits<float>::quiet_NaN()));
  a.run();
  const std::optional<NonFinite> found = a.executor().find_non_finite();
  REQUIRE(found);
  CHECK(found->layer == "conv1 + bn1 + leaky_relu");
}

}  // namespace cnn

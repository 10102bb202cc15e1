// Small networks take the batch in slices, each on one thread (MemoryPlan::slice).
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "graph/rig.h"
#include "support/catch.h"
#include "support/threads.h"

namespace cnn {
namespace {

constexpr int64_t kMany = 75;  // not a multiple of any slice
constexpr const char* kWithBatchLoss = R"(
input: {image: [2, 8, 8]}
layers:
  - {conv: 6, kernel: 3, pad: 1, act: relu, name: stem}
  - {maxpool: 2}
  - {dropout: 0.3}
  - flatten
  - {linear: 7, act: sigmoid, name: code}
  - {linear: 3, name: out}
loss:
  - {cross_entropy: out, target: label}
  - {kl_sparsity: code, weight: 0.2}
)";

struct Outcome {
  std::vector<double> losses;
  std::vector<float> out, code;
  bool operator==(const Outcome&) const = default;
};

std::vector<float> numbers(const ConstView& view) { return {view.data, view.data + view.count()}; }

Outcome run(Rig& rig, const MemoryPlan& plan, int64_t n) {
  Arena arena(plan.floats);
  std::fill(arena.data(), arena.data() + arena.floats(), std::numeric_limits<float>::quiet_NaN());
  Executor executor(rig.graph(), rig.store(), plan, arena);
  rig.bind(executor);
  executor.forward(n, 11, 2);
  Outcome outcome;
  for (size_t i = 0; i < rig.graph().losses.size(); ++i) {
    outcome.losses.push_back(executor.loss(static_cast<int>(i)).mean());
  }
  outcome.out = numbers(executor.value(rig.graph().find_value("out")));
  outcome.code = numbers(executor.value(rig.graph().find_value("code")));
  return outcome;
}

Outcome run_with(const char* yaml, int64_t batch, int64_t n) {
  Rig rig(yaml, Phase::kTest, batch);
  return run(rig, rig.plan(Pass::testing(), {rig.graph().find_value("code")}), n);
}

}  // namespace

TEST_CASE("slices of a batch give the losses and values of the whole batch") {
  Rig rig(kWithBatchLoss, Phase::kTest, kMany);
  const std::vector<int> keep = {rig.graph().find_value("code")};
  MemoryPlan sliced = rig.plan(Pass::testing(), keep);
  REQUIRE(sliced.slice > 0);
  REQUIRE(kMany % sliced.slice != 0);
  // In training's plan every layer holds the whole batch.
  Pass whole_pass = Pass::testing();
  whole_pass.gradients = Pass::Gradients::kParameters;
  const MemoryPlan whole = rig.plan(whole_pass, keep);
  REQUIRE(whole.slice == 0);
  for (const int64_t n : {int64_t{1}, sliced.slice, sliced.slice + 1, kMany}) {
    INFO("batch " << n);
    const Outcome a = run(rig, sliced, n), b = run(rig, whole, n);
    REQUIRE(a.out.size() == static_cast<size_t>(3 * n));
    REQUIRE(a.code.size() == static_cast<size_t>(7 * n));
    for (size_t i = 0; i < a.out.size(); ++i) CHECK(std::abs(a.out[i] - b.out[i]) < 1e-5f);
    for (size_t i = 0; i < a.code.size(); ++i) CHECK(std::abs(a.code[i] - b.code[i]) < 1e-5f);
    REQUIRE(a.losses.size() == 2);
    for (size_t i = 0; i < 2; ++i) CHECK(std::abs(a.losses[i] - b.losses[i]) < 1e-5);
  }
}

TEST_CASE("slices give the same bits on one thread and on several") {
  std::optional<Outcome> one;
  for (const Threading& threading : kThreadings) {
    const WithThreads with(threading);
    const Outcome outcome = run_with(kWithBatchLoss, kMany, kMany);
    if (!one) one = outcome;
    CHECK(outcome == *one);
  }
}

TEST_CASE("a sliced plan needs less memory than the whole batch on few threads") {
  const int before = threads();
  set_threads(2);
  Rig rig(kKnot, Phase::kTest, 256);
  Pass whole_pass = Pass::testing();
  whole_pass.gradients = Pass::Gradients::kParameters;
  const MemoryPlan sliced = rig.plan(Pass::testing());
  CHECK(sliced.slice > 0);
  CHECK(sliced.floats * 3 < rig.plan(whole_pass).floats);
  set_threads(before);
}

TEST_CASE("only passes without gradients over many samples are sliced") {
  Rig rig(kKnot, Phase::kTrain, kMany);
  CHECK(rig.plan(Pass::training()).slice == 0);
  Rig few(kKnot, Phase::kTest, 8);
  CHECK(few.plan(Pass::testing()).slice == 0);
}

TEST_CASE("a number that is not finite is found in the slice where it arises") {
  Rig rig(kWithBatchLoss, Phase::kTest, kMany);
  const MemoryPlan plan = rig.plan(Pass::testing());
  REQUIRE(plan.slice > 0);
  Arena arena(plan.floats);
  Executor executor(rig.graph(), rig.store(), plan, arena);
  rig.bind(executor);
  executor.forward(kMany, 11, 2);
  CHECK(!executor.find_non_finite());
  const Shape& image = rig.graph().fields[0].field.shape;
  rig.field(0).data()[(kMany - 1) * image.count()] = std::numeric_limits<float>::infinity();
  executor.forward(kMany, 11, 2);
  const auto found = executor.find_non_finite();
  REQUIRE(found);
  CHECK(found->layer.substr(0, 4) == "stem");
}

}  // namespace cnn

#include "graph/executor.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "base/parallel.h"
#include "graph/rig.h"
#include "support/catch.h"
#include "support/threads.h"

namespace cnn {
namespace {

// The same run with every buffer in a place of its own.
MemoryPlan spread(const MemoryPlan& packed) {
  MemoryPlan plan = packed;
  plan.floats = 0;
  const auto move = [&](Placement& place) {
    if (place.offset < 0) return;
    place.offset = plan.floats;
    plan.floats += (place.count + 15) / 16 * 16;
  };
  for (Placement& place : plan.values) move(place);
  for (Placement& place : plan.gradients) move(place);
  for (auto& of_node : plan.memory) {
    for (Placement& place : of_node) move(place);
  }
  return plan;
}

void poison(Arena& arena) {
  std::fill(arena.data(), arena.data() + arena.floats(), std::numeric_limits<float>::quiet_NaN());
}

struct Outcome {
  double loss = 0;
  std::vector<float> gradients;
  bool operator==(const Outcome&) const = default;
};

Outcome run(Rig& rig, const MemoryPlan& plan, int64_t n = kRigBatch) {
  Arena arena(plan.floats);
  poison(arena);
  Executor executor(rig.graph(), rig.store(), plan, arena);
  rig.bind(executor);
  executor.forward(n, 11, 2);
  executor.backward();
  return {executor.total_loss(), rig.gradients()};
}

}  // namespace

TEST_CASE("a packed arena gives the bits of a spread one") {
  Rig rig(kKnot);
  const MemoryPlan packed = rig.plan();
  const MemoryPlan wide = spread(packed);
  CHECK(packed.floats * 3 < wide.floats * 2);
  const Outcome a = run(rig, packed), b = run(rig, wide);
  CHECK(std::isfinite(a.loss));
  CHECK(a == b);
}

TEST_CASE("the arena ends with the last buffer") {
  Rig rig(kKnot);
  const MemoryPlan plan = rig.plan();
  int64_t end = 0;
  const auto look = [&](const Placement& place) {
    if (place.offset >= 0) end = std::max(end, place.offset + (place.count + 15) / 16 * 16);
  };
  for (const Placement& place : plan.values) look(place);
  for (const Placement& place : plan.gradients) look(place);
  for (const auto& of_node : plan.memory) {
    for (const Placement& place : of_node) look(place);
  }
  CHECK(end == plan.floats);
  REQUIRE(!plan.largest.empty());
  CHECK(plan.largest.size() <= 5);
  CHECK(plan.largest.front().bytes >= plan.largest.back().bytes);
}

TEST_CASE("one thread and several give the same bits") {
  std::optional<Outcome> one;
  for (const Threading& threading : kThreadings) {
    const WithThreads with(threading);
    Rig rig(kKnot);
    const Outcome outcome = run(rig, rig.plan());
    if (!one) one = outcome;
    CHECK(outcome == *one);
  }
}

TEST_CASE("a smaller batch runs in the memory of a larger one") {
  Rig small(kKnot), large(kKnot);
  const MemoryPlan exact =
      plan_memory(small.graph(), Pass::training(), small.store(), 2, threads());
  CHECK(run(small, exact, 2) == run(large, large.plan(), 2));
}

TEST_CASE("gradients agree with finite differences of the loss through the whole graph") {
  Rig rig(kKnot);
  const MemoryPlan plan = rig.plan();
  const Outcome outcome = run(rig, plan);
  Arena arena(plan.floats);
  Executor executor(rig.graph(), rig.store(), plan, arena);
  rig.bind(executor);
  const auto loss = [&] {
    executor.forward(kRigBatch, 11, 2);
    return executor.total_loss();
  };
  for (size_t id = 0; id < rig.store().all().size(); ++id) {
    const Parameter& parameter = rig.store().all()[id];
    if (!parameter.trains()) continue;
    INFO(parameter.name);
    // Along the gradient the loss must grow by |g|^2 per unit.
    const float* g = outcome.gradients.data() + parameter.gradient_offset;
    double norm2 = 0;
    for (int64_t i = 0; i < parameter.count(); ++i) norm2 += static_cast<double>(g[i]) * g[i];
    if (norm2 < 1e-10) continue;
    const double step = 2e-3 / std::sqrt(norm2);
    float* w = rig.store().value(static_cast<int>(id));
    const std::vector<float> saved(w, w + parameter.count());
    const auto at = [&](double sign) {
      for (int64_t i = 0; i < parameter.count(); ++i) {
        w[i] = static_cast<float>(saved[static_cast<size_t>(i)] + sign * step * g[i]);
      }
      return loss();
    };
    const double slope = (at(1) - at(-1)) / (2 * step);
    std::copy(saved.begin(), saved.end(), w);
    CHECK(slope == Approx(norm2).epsilon(0.05));
  }
}

TEST_CASE("accumulated gradients are the sum of the runs") {
  Rig rig(kKnot);
  const MemoryPlan plan = rig.plan();
  const std::vector<float> once = run(rig, plan).gradients;
  Arena arena(plan.floats);
  Executor executor(rig.graph(), rig.store(), plan, arena);
  rig.bind(executor);
  for (int i = 0; i < 2; ++i) {
    executor.forward(kRigBatch, 11, 2);
    executor.backward(0.5f, i > 0);
  }
  const std::vector<float> twice = rig.gradients();
  for (size_t i = 0; i < once.size(); ++i) {
    CHECK(twice[i] == Approx(once[i]).epsilon(1e-4).margin(1e-6));
  }
}

TEST_CASE("kept values are readable after the run") {
  Rig rig(kKnot);
  const int hidden = rig.graph().find_value("hidden");
  REQUIRE(hidden >= 0);
  const MemoryPlan packed = rig.plan(Pass::training(), {hidden});
  const MemoryPlan wide = spread(packed);
  const auto value_after = [&](const MemoryPlan& plan) {
    Arena arena(plan.floats);
    Executor executor(rig.graph(), rig.store(), plan, arena);
    rig.bind(executor);
    executor.forward(kRigBatch, 11, 2);
    executor.backward();
    const ConstView view = executor.value(hidden);
    return std::vector<float>(view.data, view.data + view.count());
  };
  CHECK(value_after(packed) == value_after(wide));
}

TEST_CASE("a pass without losses needs no targets") {
  Rig rig(kKnot, Phase::kTest);
  const MemoryPlan plan = rig.plan(Pass::predicting());
  Arena arena(plan.floats);
  Executor executor(rig.graph(), rig.store(), plan, arena);
  executor.bind(0, rig.field(0).data());
  executor.forward(kRigBatch, 0, 0);
  const ConstView out = executor.value(rig.graph().outputs.at(0).value);
  for (int64_t i = 0; i < out.count(); ++i) CHECK(std::isfinite(out.data[i]));
}

TEST_CASE("testing needs less memory than training") {
  Rig rig(kKnot);
  Rig test(kKnot, Phase::kTest);
  CHECK(test.plan(Pass::testing()).bytes() * 2 < rig.plan().bytes());
}

TEST_CASE("the first layer that is not finite is found") {
  SECTION("going forward") {
    Rig rig(kKnot);
    const int id = rig.store().find("body.1.c.weight");
    REQUIRE(id >= 0);
    rig.store().value(id)[0] = std::numeric_limits<float>::infinity();
    const MemoryPlan plan = rig.plan();
    Arena arena(plan.floats);
    Executor executor(rig.graph(), rig.store(), plan, arena);
    rig.bind(executor);
    executor.forward(kRigBatch, 11, 2);
    const auto found = executor.find_non_finite();
    REQUIRE(found);
    CHECK(found->layer == "body.1.c");
    CHECK_FALSE(found->in_gradient);
  }
  SECTION("nothing is found where all is finite") {
    Rig rig(kKnot);
    const MemoryPlan plan = rig.plan();
    Arena arena(plan.floats);
    Executor executor(rig.graph(), rig.store(), plan, arena);
    rig.bind(executor);
    executor.forward(kRigBatch, 11, 2);
    executor.backward();
    CHECK_FALSE(executor.find_non_finite());
  }
}

TEST_CASE("frozen parameters cost no backward below them") {
  Rig rig(kKnot);
  for (size_t id = 0; id < rig.store().all().size(); ++id) {
    Parameter& p = rig.store().at(static_cast<int>(id));
    p.frozen = p.name.rfind("out.", 0) != 0;
  }
  const MemoryPlan head = rig.plan();
  Rig whole(kKnot);
  CHECK(head.bytes() * 2 < whole.plan().bytes());
}

}  // namespace cnn

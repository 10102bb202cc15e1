// Blocks with `recompute: true`: the same bits, in less memory.

#include <cmath>
#include <limits>

#include "graph/passes/fusion.h"
#include "graph/rig.h"
#include "support/catch.h"
#include "support/text.h"

namespace cnn {
namespace {

struct Outcome {
  double loss = 0;
  std::vector<float> gradients, statistics;
  bool operator==(const Outcome&) const = default;
};

struct Run {
  Outcome outcome;
  int64_t floats = 0;
  size_t again = 0;  // layers that ran forward twice
};

// Two steps of training over a poisoned arena, the second of a smaller batch. The models say
// `recompute: $again`.
Run run(const std::string& yaml, bool fused = true, int threads_used = 1) {
  set_threads(threads_used);
  Rig rig(yaml);
  if (fused) fuse(rig.graph(), Pass::training(), {});
  const MemoryPlan plan = rig.plan();
  Arena arena(plan.floats);
  std::fill_n(arena.data(), arena.floats(), std::numeric_limits<float>::quiet_NaN());
  Executor executor(rig.graph(), rig.store(), plan, arena);
  rig.bind(executor);
  Run result;
  for (uint64_t step = 0; step < 2; ++step) {
    executor.forward(step == 0 ? kRigBatch : kRigBatch - 2, 11, step);
    result.outcome.loss += executor.total_loss();
    executor.backward(1, step > 0);
  }
  result.outcome.gradients = rig.gradients();
  for (size_t i = 0; i < rig.store().all().size(); ++i) {
    const Parameter& p = rig.store().all()[i];
    if (p.request.learned) continue;
    const float* values = rig.store().value(static_cast<int>(i));
    result.outcome.statistics.insert(result.outcome.statistics.end(), values, values + p.count());
  }
  result.floats = plan.floats;
  for (const BackwardStep& step : plan.backward) result.again += step.again ? 1 : 0;
  set_threads(1);
  return result;
}

struct Model {
  const char* name;
  const char* layers;
  bool saves = true;  // memory
};

const std::vector<Model> kModels = {
    {"residual blocks", R"(
blocks:
  res:
    args: {out: ~, stride: 1}
    layers:
      - {conv: $out, kernel: 3, stride: $stride, pad: 1, bias: false, name: a}
      - {bn, act: relu, name: b}
      - {conv: $out, kernel: 3, pad: 1, bias: false, name: c}
      - {bn, name: d}
      - {seq: [{conv: $out, kernel: 1, stride: $stride}, bn], from: in, name: down, if: $(stride != 1)}
      - {add: [d, down], act: relu}
layers:
  - {conv: 8, kernel: 3, pad: 1, bias: false, name: stem}
  - {bn, act: relu}
  - {res: 8, repeat: 3, name: one, recompute: $again}
  - {res: 16, repeat: 2, first: {stride: 2}, name: two, recompute: $again}
)"},
    {"dropout, pooling, activations that read their output", R"(
blocks:
  drop:
    args: {out: ~}
    layers:
      - {conv: $out, kernel: 3, pad: 1, act: elu}
      - {dropout: 0.4}
      - {maxpool: 3, stride: 1, pad: 1}
      - {noise: gaussian, sigma: 0.2}
      - {conv: $out, kernel: 3, pad: 1}
      - {lrn: 3}
      - {dropout: 0.2}
layers:
  - {drop: 8, repeat: 3, name: body, act: sigmoid, recompute: $again}
)"},
    {"inner values that others read", R"(
layers:
  - seq:
      - {conv: 8, kernel: 3, pad: 1, act: relu, name: enc1}
      - {bn, act: tanh, name: norm}
      - {maxpool: 2, name: pool}
      - {conv: 16, kernel: 3, pad: 1, act: relu, name: enc2}
    name: encoder
    recompute: $again
  - seq:
      - {upconv: 8, kernel: 2, stride: 2}
      - {concat: [encoder.enc1, prev]}
      - {conv: 8, kernel: 3, pad: 1, act: relu}
      - {conv: 8, kernel: 3, pad: 1, act: relu}
    name: decoder
    recompute: $again
  - {add: [prev, encoder.norm]}
)"},
    {"switches across blocks, blocks in blocks, an activation in place at the end", R"(
layers:
  - seq:
      - seq: [{conv: 8, kernel: 3, pad: 1}, {bn, act: elu}, {conv: 8, kernel: 3, pad: 1}, {bn, act: elu}]
        recompute: $again
      - {maxpool: 2, name: pool}
      - {conv: 8, kernel: 1}
      - {bn, act: elu}
    name: down
    recompute: $again
  - seq: [{unpool: down.pool}, {conv: 8, kernel: 3, pad: 1}, {bn, act: silu}, {conv: 8, kernel: 1}]
    recompute: $again
  - concat: [[{conv: 4, kernel: 1, act: relu}, {conv: 4, kernel: 3, pad: 1, act: relu}], []]
    recompute: $again
)"},
    {"a frozen block before one that learns", R"(
layers:
  - seq: [{conv: 8, kernel: 3, pad: 1, act: relu}, {bn, act: relu}]
    freeze: true
    recompute: $again
  - seq: [{conv: 8, kernel: 3, pad: 1}, {bn, act: relu}, {conv: 8, kernel: 3, pad: 1}, {bn, act: relu}]
    name: learns
    recompute: $again
)",
     false},
};

std::string whole(const Model& model, bool again = true) {
  return "input: {image: [3, 12, 12]}\nvars: {again: " + std::string(again ? "true}" : "false}") +
         model.layers +
         "  - gap\n  - {linear: 3, name: out}\nloss: {cross_entropy: out, target: label}\n";
}

}  // namespace

TEST_CASE("blocks that are recomputed give the bits of blocks that are kept, in less memory") {
  for (const Model& model : kModels) {
    for (const bool fused : {false, true}) {
      INFO(model.name << (fused ? ", fused" : ""));
      const Run kept = run(whole(model, false), fused), again = run(whole(model), fused);
      REQUIRE(std::isfinite(kept.outcome.loss));
      CHECK(kept.again == 0);
      CHECK(again.again > 0);
      CHECK(again.outcome.loss == kept.outcome.loss);
      CHECK(again.outcome.gradients == kept.outcome.gradients);
      CHECK(again.outcome.statistics == kept.outcome.statistics);
      if (model.saves) CHECK(again.floats < kept.floats);
      CHECK(run(whole(model), fused, 3).outcome == again.outcome);
    }
  }
}

TEST_CASE("a chain of blocks that are recomputed needs a fraction of the memory") {
  const auto chain = [](const std::string& again) {
    return "input: {image: [8, 16, 16]}\nlayers:\n"
           "  - seq: [{conv: 8, kernel: 3, pad: 1}, {bn, act: tanh}, {conv: 8, kernel: 3, pad: "
           "1},\n"
           "          {bn, act: tanh}, {conv: 8, kernel: 3, pad: 1}, {bn, act: tanh}]\n"
           "    repeat: 8\n    recompute: " +
           again +
           "\n  - gap\n  - {linear: 3, name: out}\nloss: {cross_entropy: out, target: label}\n";
  };
  CHECK(3 * run(chain("true")).floats < run(chain("false")).floats);
}

TEST_CASE("testing and passes that keep everything run nothing twice") {
  ParameterStore store;
  const Graph graph = build_graph(spec_of(whole(kModels[0])), Phase::kTrain, store);
  Pass pass = Pass::training();
  pass.recompute = false;
  for (const BackwardStep& step : plan_memory(graph, pass, store, 2, 1).backward) {
    CHECK_FALSE(step.again);
  }
  CHECK(plan_memory(graph, Pass::testing(), store, 2, 1).backward.empty());
}

TEST_CASE("recompute on a single layer is an error") {
  const auto error = [](const std::string& item) -> std::string {
    try {
      ParameterStore store;
      build_graph(spec_of("input: {image: [3, 4, 4]}\nlayers:\n  - " + item + "\n"), Phase::kTrain,
                  store);
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  const std::string single = error("{conv: 2, kernel: 1, recompute: true}");
  CHECK(contains(single, "'recompute' on a single layer saves no memory"));
  CHECK(contains(single, "put it on a block or a seq"));
  CHECK(contains(error("{seq: [{conv: 2, kernel: 1}, bn], recompute: 3}"), "true or false"));
  CHECK(error("{conv: 2, kernel: 1, recompute: false}").empty());
  CHECK(error("{add: [[{conv: 3, kernel: 1}, bn], []], recompute: true}").empty());
}

}  // namespace cnn

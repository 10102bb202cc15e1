// A network with its data, ready to run by any plan.
#pragma once

#include <string>
#include <vector>

#include "base/parallel.h"
#include "graph/builder.h"
#include "graph/executor.h"
#include "graph/memory_plan.h"
#include "support/models.h"

namespace cnn {

inline constexpr int64_t kRigBatch = 5;

// Skips, shared values, an auxiliary head, in-place chains, dropout and batch norm.
inline constexpr const char* kKnot = R"(
input: {image: [2, 8, 8]}
blocks:
  res:
    args: {out: ~}
    layers:
      - {conv: $out, kernel: 3, pad: 1, name: a}
      - {bn, act: relu, name: b}
      - {conv: $out, kernel: 3, pad: 1, name: c}
      - {add: [c, in], act: relu}
layers:
  - {conv: 6, kernel: 3, pad: 1, act: relu, name: stem}
  - {res: 6, repeat: 2, name: body}
  - side: [gap, {linear: 3, name: fc}]
    name: aux
  - {maxpool: 2}
  - {concat: [[{conv: 4, kernel: 1, act: sigmoid}], [], [{avgpool: 3, stride: 1, pad: 1}]]}
  - {dropout: 0.3}
  - {mul: [prev, prev]}
  - gap
  - {linear: 3, act: tanh, name: hidden}
  - {linear: 3, name: out}
loss:
  - {cross_entropy: out, target: label}
  - {cross_entropy: aux, target: label, weight: 0.3}
)";

// Normal numbers, and classes below 3, for every field of the graph.
inline std::vector<Tensor> random_fields(const Graph& graph, int64_t batch) {
  std::vector<Tensor> fields;
  for (const GraphField& field : graph.fields) {
    fields.emplace_back(field.field.shape, batch * field.field.items.most);
    const Rng rng(1, field.field.name);
    float* data = fields.back().data();
    for (int64_t i = 0; i < fields.back().view().count(); ++i) {
      const auto u = static_cast<uint64_t>(i);
      data[i] = field.field.kind == FieldKind::kClass ? static_cast<float>(rng.below(4 * u, 3))
                                                      : rng.normal(u);
    }
  }
  return fields;
}

class Rig {
 public:
  explicit Rig(const std::string& yaml, Phase phase = Phase::kTrain, int64_t batch = kRigBatch)
      : batch_(batch), graph_(build_graph(spec_of(yaml), phase, store_)) {
    store_.allocate(true);
    store_.initialize(3);
    fields_ = random_fields(graph_, batch);
  }

  Graph& graph() { return graph_; }
  ParameterStore& store() { return store_; }
  Tensor& field(size_t i) { return fields_[i]; }
  void bind(Executor& executor) {
    for (size_t i = 0; i < fields_.size(); ++i) {
      executor.bind(static_cast<int>(i), fields_[i].data());
    }
  }
  MemoryPlan plan(const Pass& pass = Pass::training(), const std::vector<int>& keep = {}) {
    return plan_memory(graph_, pass, store_, batch_, threads(), keep);
  }
  std::vector<float> gradients() {
    const auto span = store_.gradient_arena();
    return {span.begin(), span.end()};
  }

 private:
  int64_t batch_;
  ParameterStore store_;
  Graph graph_;
  std::vector<Tensor> fields_;
};

}  // namespace cnn

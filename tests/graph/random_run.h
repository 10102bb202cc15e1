// RandomRun: a small network on random numbers, for tests of what a whole graph computes.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "base/parallel.h"
#include "graph/builder_support.h"
#include "graph/executor.h"
#include "graph/rig.h"

namespace cnn {

// A network with random inputs, run by a plan of its own.
class RandomRun {
 public:
  static constexpr int64_t kBatch = 3;

  explicit RandomRun(const std::string& yaml, const Pass& pass = Pass::training())
      : built_(yaml, pass.phase), pass_(pass) {
    built_.store.allocate(true);
    built_.store.initialize(3);
    fields_ = random_fields(built_.graph, kBatch);
    plan_ = plan_memory(built_.graph, pass_, built_.store, kBatch, threads());
    arena_.emplace(plan_.floats);
    executor_.emplace(built_.graph, built_.store, plan_, *arena_);
    for (size_t i = 0; i < fields_.size(); ++i) {
      executor_->bind(static_cast<int>(i), fields_[i].data());
    }
  }

  void forward() { executor_->forward(kBatch, 5, 0); }
  double loss() {
    forward();
    return executor_->total_loss();
  }
  void backward() { executor_->backward(); }
  std::vector<float> value(const std::string& name) {
    const ConstView view = executor_->value(built_.graph.find_value(name));
    return {view.data, view.data + view.count()};
  }
  ParameterStore& store() { return built_.store; }
  Built& built() { return built_; }
  const MemoryPlan& plan() const { return plan_; }

  // Number i of a parameter's gradient, as the last backward gave it, against differences.
  void check_gradient(const std::string& name, int64_t i) {
    const int id = store().find(name);
    float& number = store().value(id)[i];
    const float before = number, step = 1e-2f;
    number = before + step;
    const double above = loss();
    number = before - step;
    const double below = loss();
    number = before;
    const double slope = (above - below) / (2 * static_cast<double>(step));
    const auto gradient = static_cast<double>(store().gradient(id)[i]);
    CHECK(std::abs(slope - gradient) < 1e-3 * std::max(1.0, std::abs(slope)));
  }

 private:
  Built built_;
  Pass pass_;
  std::vector<Tensor> fields_;
  MemoryPlan plan_;
  std::optional<Arena> arena_;
  std::optional<Executor> executor_;
};

}  // namespace cnn

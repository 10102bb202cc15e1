// Network: a model file made ready to run: one parameter store, the graphs that a job needs, their
// plans, and one arena that all of them share.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/builder.h"
#include "graph/executor.h"
#include "graph/memory_plan.h"

namespace cnn {

class Network {
 public:
  // What one executor is for.
  struct Use {
    Pass pass;
    int64_t batch = 1;             // with lists and Pass::by_sample it is 1
    std::vector<int> keep = {};    // values that are read afterwards
    bool fused = true;             // false: layers run as they stand in the model file
    std::vector<int> starts = {};  // values at which backward begins, beside losses
    bool whole = true;             // false: only what leads to `keep` and `starts` is run
    std::vector<char> gone = {};   // by node: it is not run,
    std::vector<int> given = {};   // and these values, which it would make, are fields
  };

  // Builds the test graph, and the training graph if `trains`. No memory yet, so that `store()` can
  // be looked at, and `keep` lists made, first.
  Network(const ModelSpec& spec, bool trains);

  const Graph& train_graph() const { return *train_; }
  const Graph& test_graph() const { return *test_; }
  const Graph& graph(Phase phase) const {
    return phase == Phase::kTrain ? train_graph() : test_graph();
  }
  ParameterStore& store() { return store_; }
  const ParameterStore& store() const { return store_; }

  // Plans every use; the executors are numbered as the uses.
  void plan(const std::vector<Use>& uses);
  // The plan that needs the most memory; null before plan().
  const MemoryPlan* largest_plan() const;
  bool wants_gradients() const;
  int uses() const { return static_cast<int>(plans_.size()); }
  const MemoryPlan& memory_plan(int use) const { return *plans_[static_cast<size_t>(use)]; }
  // The graph that a use runs: layers are joined (graph/passes/fusion.h), values keep their ids.
  const Graph& run_graph(int use) const { return *run_graphs_[static_cast<size_t>(use)]; }
  // For -v: which algorithm serves which layer of that graph, and why.
  void note_kernels(int use) const;
  // Arena, parameters and gradients; exact, before allocation.
  uint64_t planned_bytes() const;
  // Allocates the arena and the store (gradients if a planned pass wants parameters').
  void allocate();
  Executor& executor(int use) { return *executors_[static_cast<size_t>(use)]; }

 private:
  ParameterStore store_;
  std::optional<Graph> train_;
  std::optional<Graph> test_;
  std::vector<std::unique_ptr<Graph>> run_graphs_;
  std::vector<std::unique_ptr<MemoryPlan>> plans_;
  std::unique_ptr<Arena> arena_;
  std::vector<std::unique_ptr<Executor>> executors_;
};

// Bytes that the machine, the control group and `limit` (0: none) allow; 0: nobody says.
uint64_t allowed_memory(uint64_t limit);

// Exit::kResource, with the five largest tenants, if `planned` bytes are more than the machine, the
// control group or `limit` (0: none) allows. Before anything is allocated (FAULTS 27). `remedy`
// says what would fit into so many bytes; without it a smaller batch is named.
void check_memory(uint64_t planned, uint64_t limit, const std::vector<MemoryPlan::Tenant>& tenants,
                  const std::function<std::string(uint64_t allowed)>& remedy = nullptr);

// Exit::kSpec, with `notes`, if there is no loss to train with. `path`: the model file.
void require_loss(const Graph& graph, const std::string& path, std::vector<std::string> notes = {});

// What takes the most memory, `others` (optimizer, loader) included; at most five.
std::vector<MemoryPlan::Tenant> largest_tenants(const Network& network,
                                                std::vector<MemoryPlan::Tenant> others);

}  // namespace cnn

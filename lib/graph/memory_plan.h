// MemoryPlan: where every value, gradient, saved and scratch buffer of a run lives in one arena.
// A pure function of its arguments; the arena has exactly `floats` floats and is allocated once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/backward_order.h"
#include "graph/graph.h"

namespace cnn {

struct Placement {
  static constexpr int64_t kNone = -1;
  int64_t offset = kNone;   // floats into the arena, or into a lane
  int64_t count = 0;        // at full batch, or of a slice
  bool in_lane = false;     // every thread has its own
  bool is_carried = false;  // outside of the arena: lives from batch to batch
};

struct MemoryPlan {
  Pass pass;
  int64_t batch = 0;
  int threads = 1;
  std::vector<int> starts;           // values whose gradients the caller writes before backward
  std::vector<Placement> values;     // by value; fields are bound from outside and have none
  std::vector<Placement> gradients;  // by value; only where the pass wants them
  std::vector<std::vector<Placement>> memory;  // by node and memory id
  std::vector<BackwardStep> backward;          // what follows the forward of all nodes
  int64_t floats = 0;                          // the arena's size
  int64_t carried_floats = 0;  // what layers carry from batch to batch; the executor's own

  // Networks so small that threads would spend their time meeting behind every layer: each takes
  // slices of the batch, so many samples at a time, through all layers by itself, in a lane of the
  // arena of its own. Losses then follow, over the whole batch. 0: all threads share each layer.
  int64_t slice = 0;
  int64_t lanes = 0;        // where the first begins
  int64_t lane_floats = 0;  // from one to the next

  // Whether the layer is run slice by slice.
  bool slices(const GraphNode& node) const { return slice > 0 && !node.is_loss(); }

  uint64_t bytes() const { return static_cast<uint64_t>(floats + carried_floats) * sizeof(float); }

  // The largest tenants at the moment of the peak, largest first, for messages.
  struct Tenant {
    std::string name;  // "conv1 (output)", "bn1 (saved)"
    uint64_t bytes = 0;
  };
  std::vector<Tenant> largest;
};

// `keep` lists values that must stay readable after the run, and their gradients with them (named
// outputs are always kept). `starts`: see gradient_flow.h.
MemoryPlan plan_memory(const Graph& graph, const Pass& pass, const ParameterStore& store,
                       int64_t batch, int threads, const std::vector<int>& keep = {},
                       const std::vector<int>& starts = {});

}  // namespace cnn

// The two limits of a machine that bound every layer: how fast it multiplies and how fast it moves
// memory. Williams, Waterman & Patterson 2009, "Roofline: an insightful visual performance model
// for multicore architectures".
#pragma once

#include <cstdint>

#include "graph/graph.h"

namespace cnn {

struct MachineSpeed {
  double gflops = 0;     // sgemm, 2 operations a multiply-add, on all threads
  double copy_gb_s = 0;  // bytes read and bytes written, in 1e9 a second
};

// Measured now, in about half a second, with 256 MiB of memory of its own.
MachineSpeed measure_machine_speed();

// What one run of a node must at least do.
struct Work {
  double flops = 0;  // of the plain algorithm: 2 * MACs
  double bytes = 0;  // inputs, outputs and weights, each once

  Work& operator+=(const Work& other);
};
Work forward_work(const Graph& graph, const GraphNode& node, int64_t batch);
Work backward_data_work(const Graph& graph, const GraphNode& node, int64_t batch);
Work backward_weights_work(const Graph& graph, const GraphNode& node, int64_t batch);

// Seconds that the machine needs for it: the longer of both.
double least_seconds(const Work& work, const MachineSpeed& machine);
bool is_compute_bound(const Work& work, const MachineSpeed& machine);

}  // namespace cnn

// LayerClock: what each layer and the optimizer take of a step, as medians over many steps.
#pragma once

#include <array>
#include <vector>

#include "graph/executor.h"

namespace cnn {

class LayerClock : public Executor::Observer {
 public:
  // Takes all its memory now.
  LayerClock(const Graph& graph, const MemoryPlan& plan);

  // Medians, in seconds; backward: of layers that run it in one piece.
  struct Times {
    double forward = 0, again = 0, backward = 0, data = 0, weights = 0;
  };
  Times of(size_t node) const;
  double update_s() const;

  void before(int node, Part part, int worker) override;
  void after(int node, Part part, int worker) override;
  // What after() measured: `seconds` of a layer in this step, on top of what it took before.
  void add(int node, Part part, int worker, double seconds);
  // The step is over; the optimizer took `update_s` of it.
  void end_step(double update_s);

 private:
  static constexpr size_t kParts = 5;
  using Step = std::vector<std::array<double, kParts>>;  // by node

  struct alignas(64) Worker {  // a cache line of its own: threads write at the same time
    Step step;
    double start = 0;
  };
  double combined(size_t node, size_t part, double stretch) const;
  double stretch() const;
  void thin_out();
  double median_of(size_t column) const;

  const size_t row_;          // numbers a sample: parts of all nodes, then the update
  std::vector<char> slices_;  // by node: threads run it at the same time, each on other samples
  std::vector<Worker> workers_;
  std::vector<float> samples_;  // row by row
  size_t every_ = 1;            // one step in so many is kept
  size_t steps_ = 0;
};

}  // namespace cnn

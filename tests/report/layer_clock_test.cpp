// What LayerClock makes of measured times: medians, and one time of what threads do at once.
#include "report/layer_clock.h"

#include "base/median.h"
#include "base/parallel.h"
#include "layers/catalog.h"
#include "support/catch.h"

namespace cnn {
namespace {

using Part = Executor::Observer::Part;

Graph two_layers() {
  static const LayerType type{};
  Graph graph;
  graph.nodes.resize(2);
  for (GraphNode& node : graph.nodes) node.type = &type;
  return graph;
}

TEST_CASE("the median is the middle, or the mean of the two in the middle") {
  std::vector<double> none, odd = {9, 1, 5}, even = {8, 1, 100, 4};
  CHECK(median(none) == 0);
  CHECK(median(odd) == 5);
  CHECK(median(even) == 6);
}

TEST_CASE("one step that takes long moves neither a layer's time nor the optimizer's") {
  LayerClock clock(two_layers(), MemoryPlan());
  for (int step = 0; step < 5; ++step) {
    const double slow = step == 3 ? 100 : 1;
    clock.add(0, Part::kForward, 0, 2 * slow);
    clock.add(0, Part::kForwardAgain, 0, 3);
    clock.add(0, Part::kBackwardData, 0, 4 * slow);
    clock.add(0, Part::kBackwardWeights, 0, 5);
    clock.add(1, Part::kForward, 0, 6);
    clock.add(1, Part::kBackward, 0, 7);
    clock.end_step(8 * (step == 4 ? 50 : 1));
  }
  const LayerClock::Times first = clock.of(0), second = clock.of(1);
  CHECK(first.forward == 2);
  CHECK(first.again == 3);
  CHECK(first.data == 4);
  CHECK(first.weights == 5);
  CHECK(first.backward == 0);
  CHECK(second.forward == 6);
  CHECK(second.backward == 7);
  CHECK(second.again == 0);
  CHECK(clock.update_s() == 8);
}

TEST_CASE("layers that threads run at once share the time of the busiest thread") {
  set_threads(2);
  MemoryPlan plan;
  plan.slice = 1;
  LayerClock clock(two_layers(), plan);
  // Two slices for one worker, one for the other: 2 * (1 + 3) seconds pass.
  for (const int worker : {0, 0, 1}) {
    clock.add(0, Part::kForward, worker, 1);
    clock.add(1, Part::kForward, worker, 3);
  }
  clock.end_step(0);
  set_threads(1);
  CHECK(clock.of(0).forward == Approx(2));
  CHECK(clock.of(1).forward == Approx(6));
}

TEST_CASE("of many steps the clock keeps some of all") {
  LayerClock clock(two_layers(), MemoryPlan());
  for (int step = 0; step < 10'000; ++step) {
    clock.add(0, Part::kForward, 0, step);
    clock.end_step(0);
  }
  CHECK(clock.of(0).forward == Approx(5000).epsilon(0.01));
}

}  // namespace
}  // namespace cnn

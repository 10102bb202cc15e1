#include "report/layer_clock.h"

#include <algorithm>
#include <chrono>

#include "base/median.h"
#include "base/parallel.h"

namespace cnn {
namespace {

constexpr size_t kMostSamples = 1024;  // even

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

LayerClock::LayerClock(const Graph& graph, const MemoryPlan& plan)
    : row_(graph.nodes.size() * kParts + 1), workers_(static_cast<size_t>(threads())) {
  for (const GraphNode& node : graph.nodes) slices_.push_back(plan.slices(node));
  for (Worker& worker : workers_) worker.step.resize(graph.nodes.size());
  samples_.reserve(kMostSamples * row_);
}

void LayerClock::before(int, Part, int worker) {
  workers_[static_cast<size_t>(worker)].start = now();
}

void LayerClock::after(int node, Part part, int worker) {
  add(node, part, worker, now() - workers_[static_cast<size_t>(worker)].start);
}

void LayerClock::add(int node, Part part, int worker, double seconds) {
  Step& step = workers_[static_cast<size_t>(worker)].step;
  step[static_cast<size_t>(node)][static_cast<size_t>(part)] += seconds;
}

// Slices end when the busiest thread does, so the layers share its time as they share that of all.
double LayerClock::stretch() const {
  double busiest = 0, all = 0;
  for (const Worker& worker : workers_) {
    double sum = 0;
    for (size_t node = 0; node < slices_.size(); ++node) {
      if (!slices_[node]) continue;
      for (const double seconds : worker.step[node]) sum += seconds;
    }
    busiest = std::max(busiest, sum);
    all += sum;
  }
  return all > 0 ? busiest / all : 1;
}

double LayerClock::combined(size_t node, size_t part, double stretch) const {
  double sum = 0;
  for (const Worker& worker : workers_) sum += worker.step[node][part];
  return slices_[node] ? sum * stretch : sum;
}

void LayerClock::end_step(double update_s) {
  if (steps_++ % every_ == 0) {
    if (samples_.size() == kMostSamples * row_) thin_out();
    const double stretch = this->stretch();
    for (size_t node = 0; node < slices_.size(); ++node) {
      for (size_t part = 0; part < kParts; ++part) {
        samples_.push_back(static_cast<float>(combined(node, part, stretch)));
      }
    }
    samples_.push_back(static_cast<float>(update_s));
  }
  for (Worker& worker : workers_)
    std::fill(worker.step.begin(), worker.step.end(), Step::value_type{});
}

// Every other sample goes, so that those left cover the whole measurement.
void LayerClock::thin_out() {
  for (size_t i = 1; i < kMostSamples / 2; ++i) {
    const auto from = samples_.begin() + static_cast<ptrdiff_t>(2 * i * row_);
    std::copy_n(from, row_, samples_.begin() + static_cast<ptrdiff_t>(i * row_));
  }
  samples_.resize(kMostSamples / 2 * row_);
  every_ *= 2;
}

double LayerClock::median_of(size_t column) const {
  std::vector<double> values;
  for (size_t i = column; i < samples_.size(); i += row_) {
    values.push_back(static_cast<double>(samples_[i]));
  }
  return median(values);
}

LayerClock::Times LayerClock::of(size_t node) const {
  const auto part = [&](Part part) { return median_of(node * kParts + static_cast<size_t>(part)); };
  return {part(Part::kForward), part(Part::kForwardAgain), part(Part::kBackward),
          part(Part::kBackwardData), part(Part::kBackwardWeights)};
}

double LayerClock::update_s() const { return median_of(row_ - 1); }

}  // namespace cnn

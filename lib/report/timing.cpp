#include "report/timing.h"

#include <algorithm>
#include <chrono>

#include "base/machine.h"
#include "base/median.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "kernels/gemm_library.h"
#include "model/network.h"
#include "model/optimizer.h"
#include "model/settings.h"
#include "report/layer_clock.h"

namespace cnn {
namespace {

constexpr double kWarmUpShare = 0.2;  // of the measured time
constexpr double kLayerShare = 0.4;
constexpr size_t kFewestSteps = 3;
constexpr double kMostRoom = 1e6;  // steps

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// One batch of a field: numbers or classes in range, else normal numbers.
Buffer generate(const Field& field, int64_t batch) {
  Buffer data(static_cast<size_t>(batch * field.items.most * field.shape.count()));
  const Rng rng(1, field.name);
  const auto classes = static_cast<uint64_t>(std::max<int64_t>(field.classes, 1));
  for (size_t i = 0; i < data.size(); ++i) {
    data.data()[i] =
        field.kind == FieldKind::kClass ? static_cast<float>(rng.below(i, classes))
        : field.range ? field.range->low + (field.range->high - field.range->low) * rng.uniform(i)
                      : rng.normal(i);
  }
  return data;
}

class Bench {
 public:
  Bench(const ModelSpec& spec, const TimingRequest& request)
      : request_(request), network_(spec, request.training) {
    const TrainSettings settings = read_train_settings(spec);
    if (request.training) {
      require_loss(network_.train_graph(), spec.path, {"without one: --mode infer"});
    }
    batch_ = request.batch_size > 0 ? request.batch_size : settings.batch_size;
    const Pass pass = request.training ? Pass::training() : Pass::predicting();
    network_.plan({{pass, batch_, {}}});
    network_.note_kernels(0);
    Diagnostics diagnostics;
    optimizer_ = read_optimizer(
        Node::map({{"sgd", {}, Node::scalar("1e-6")}, {"momentum", {}, Node::scalar("0.9")}}),
        diagnostics);
    CNN_ASSERT(diagnostics.empty());
    check_memory(planned_bytes(), request.memory_limit,
                 largest_tenants(network_, {{"the optimizer", optimizer_bytes()}}));
    gemm_library();
    network_.allocate();
    network_.store().initialize(1);
    if (request.training) optimizer_->attach(network_.store());
    for (const GraphField& field : graph().fields) {
      fields_.push_back(generate(field.field, batch_));
      executor().bind(static_cast<int>(fields_.size()) - 1, fields_.back().data());
    }
  }

  const Graph& graph() const { return network_.run_graph(0); }
  Executor& executor() { return network_.executor(0); }
  int64_t batch() const { return batch_; }
  uint64_t optimizer_bytes() const {
    return request_.training ? optimizer_->state_bytes(network_.store()) : 0;
  }
  uint64_t planned_bytes() const { return network_.planned_bytes() + optimizer_bytes(); }

  void step() {
    executor().forward(batch_, 1, static_cast<uint64_t>(steps_++));
    if (!request_.training) return;
    last_loss_ = executor().total_loss();
    executor().backward();
    const double start = now();
    optimizer_->update(optimizer_->learning_rate());
    update_s_ = now() - start;
  }

  // Steps for `seconds`, but at least kFewestSteps; the time of each.
  std::vector<double> run(double seconds, LayerClock* clock = nullptr) {
    std::vector<double> times;
    times.reserve(kFewestSteps + static_cast<size_t>(expected_steps(seconds)));
    executor().observe(clock);
    const double start = now();
    double last = start;
    while (last - start < seconds || times.size() < kFewestSteps) {
      step();
      const double end = now();
      times.push_back(end - last);
      last = end;
      if (clock != nullptr) clock->end_step(update_s_);
    }
    executor().observe(nullptr);
    mean_s_ = (last - start) / static_cast<double>(times.size());
    return times;
  }

 private:
  // Room for them, so that nothing is allocated while steps are timed: twice what they were before.
  double expected_steps(double seconds) const {
    return mean_s_ > 0 ? std::min(2 * seconds / mean_s_, kMostRoom) : 0;
  }

  const TimingRequest& request_;
  Network network_;
  std::unique_ptr<Optimizer> optimizer_;
  int64_t batch_ = 1;
  std::vector<Buffer> fields_;
  int64_t steps_ = 0;
  double update_s_ = 0;   // of the last step
  double mean_s_ = 0;     // a step of the last run
  double last_loss_ = 0;  // as training reads it
};

// Times of one step, and what the machine could do at best.
LayerTime layer_time(const Graph& graph, const GraphNode& node, const LayerClock::Times& times,
                     int64_t batch, const MachineSpeed& machine) {
  LayerTime layer;
  layer.name = node.name;
  layer.type = node.type->name;
  layer.kernel = node.plan.kernel;
  layer.forward_s = times.forward;
  layer.forward_again_s = times.again;
  layer.backward_s = times.backward + times.data + times.weights;
  const bool multiplies = node.plan.macs > 0;
  Work work = forward_work(graph, node, batch);
  layer.least_s = least_seconds(work, machine);
  const auto add = [&](const Work& more) {
    work += more;
    layer.least_s += least_seconds(more, machine);
  };
  if (times.again > 0) add(forward_work(graph, node, batch));
  if (times.data > 0 || times.backward > 0) add(backward_data_work(graph, node, batch));
  if (times.weights > 0) add(backward_weights_work(graph, node, batch));
  if (multiplies) {
    layer.backward_data_s = times.data;
    layer.backward_weights_s = times.weights;
  }
  if (layer.seconds() > 0) layer.gflops = 1e-9 * work.flops / layer.seconds();
  layer.compute_bound = is_compute_bound(work, machine);
  return layer;
}

void add_layers(TimingReport& report, const Graph& graph, const LayerClock& clock) {
  double all = 0, flops = 0;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const GraphNode& node = graph.nodes[i];
    const LayerTime layer = layer_time(graph, node, clock.of(i), report.batch_size, report.machine);
    all += layer.seconds();
    flops += 1e9 * layer.gflops * layer.seconds();
    if (layer.seconds() > 0) report.layers.push_back(layer);
  }
  all += report.update_s;
  for (LayerTime& layer : report.layers) layer.share = layer.seconds() / all;
  report.gflops = 1e-9 * flops / report.step_s;
}

}  // namespace

TimingReport time_model(const ModelSpec& spec, const TimingRequest& request) {
  Bench bench(spec, request);
  bench.run(kWarmUpShare * request.seconds);
  std::vector<double> times = bench.run(request.seconds);
  TimingReport report;
  report.model = spec.name;
  report.mode = request.training ? "train" : "infer";
  report.batch_size = bench.batch();
  report.threads = threads();
  report.instruction_set = instruction_set();
  report.blas = gemm_library().file;
  report.blas_core = gemm_library().core;
  report.steps = static_cast<int64_t>(times.size());
  report.step_s = median(times);
  report.samples_per_s = static_cast<double>(bench.batch()) / report.step_s;
  if (request.per_layer) {
    report.peak_mib =
        peak_resident_mib();  // before clocks and the machine's measurement take memory
    LayerClock clock(bench.graph(), bench.executor().plan());
    bench.run(kLayerShare * request.seconds, &clock);
    report.update_s = clock.update_s();
    report.machine = measure_machine_speed();
    add_layers(report, bench.graph(), clock);
  } else {
    report.peak_mib = peak_resident_mib();
  }
  report.planned_mib = static_cast<double>(bench.planned_bytes()) / (1 << 20);
  return report;
}

}  // namespace cnn

#include "train/timing.h"

#include <algorithm>
#include <chrono>

#include "base/parallel.h"
#include "base/rng.h"
#include "base/text.h"
#include "train/json.h"
#include "train/machine.h"
#include "train/network.h"
#include "train/optimizer.h"
#include "train/settings.h"

namespace cnn {
namespace {

constexpr double kWarmUpShare = 0.2;  // of the measured time
constexpr int64_t kFewestSteps = 3;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// One batch of a field: normal numbers, or classes in range.
Buffer generate(const Field& field, int64_t batch) {
  Buffer data(static_cast<size_t>(batch * field.shape.count()));
  const Rng rng(1, field.name);
  const auto classes = static_cast<uint64_t>(std::max<int64_t>(field.classes, 1));
  for (size_t i = 0; i < data.size(); ++i) {
    data.data()[i] =
        field.kind == FieldKind::kClass ? static_cast<float>(rng.below(i, classes)) : rng.normal(i);
  }
  return data;
}

// Adds up the time of every layer.
class LayerClock : public Executor::Observer {
 public:
  explicit LayerClock(size_t nodes) : forward(nodes, 0), backward(nodes, 0) {}
  void before(int, bool) override { start_ = now(); }
  void after(int node, bool is_backward) override {
    (is_backward ? backward : forward)[static_cast<size_t>(node)] += now() - start_;
  }
  std::vector<double> forward, backward;  // seconds, by node

 private:
  double start_ = 0;
};

class Bench {
 public:
  Bench(const ModelSpec& spec, const TimingRequest& request)
      : request_(request), network_(spec, request.training) {
    const TrainSettings settings = read_train_settings(spec);
    batch_ = request.batch_size > 0 ? request.batch_size : settings.batch_size;
    const Pass pass = request.training ? Pass::training() : Pass::testing();
    network_.plan({{pass, batch_, {}}});
    Diagnostics diagnostics;
    optimizer_ = read_optimizer(
        Node::map({{"sgd", {}, Node::scalar("1e-6")}, {"momentum", {}, Node::scalar("0.9")}}),
        diagnostics);
    CNN_ASSERT(diagnostics.empty());
    check_memory(planned_bytes(), request.memory_limit,
                 largest_tenants(network_, {{"the optimizer", optimizer_bytes()}}));
    network_.allocate();
    network_.store().initialize(1);
    if (request.training) optimizer_->attach(network_.store());
    for (const GraphField& field : graph().fields) {
      fields_.push_back(generate(field.field, batch_));
      executor().bind(static_cast<int>(fields_.size()) - 1, fields_.back().data());
    }
  }

  const Graph& graph() const {
    return request_.training ? network_.train_graph() : network_.test_graph();
  }
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
    optimizer_->update(optimizer_->learning_rate());
  }

  // Steps for `seconds`, but at least `fewest`; the time of each.
  std::vector<double> run(double seconds, int64_t fewest) {
    std::vector<double> times;
    const double start = now();
    double last = start;
    while (last - start < seconds || static_cast<int64_t>(times.size()) < fewest) {
      step();
      const double end = now();
      times.push_back(end - last);
      last = end;
    }
    return times;
  }

 private:
  const TimingRequest& request_;
  Network network_;
  std::unique_ptr<Optimizer> optimizer_;
  int64_t batch_ = 1;
  std::vector<Buffer> fields_;
  int64_t steps_ = 0;
  double last_loss_ = 0;  // as training reads it
};

double median(std::vector<double> values) {
  const size_t middle = values.size() / 2;
  std::nth_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(middle), values.end());
  return values[middle];
}

std::vector<LayerTime> layer_times(const Graph& graph, const LayerClock& clock, double steps,
                                   double batch) {
  std::vector<LayerTime> layers;
  double all = 0;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const GraphNode& node = graph.nodes[i];
    LayerTime layer;
    layer.name = node.name;
    layer.type = node.type->name;
    layer.kernel = node.plan.kernel;
    layer.forward_s = clock.forward[i] / steps;
    layer.backward_s = clock.backward[i] / steps;
    const double seconds = layer.forward_s + layer.backward_s;
    // Backward forms two products of the forward's size: for the input and for the weights.
    const double products = layer.backward_s > 0 ? 3 : 1;
    if (seconds > 0) {
      layer.gflops = 2e-9 * static_cast<double>(node.plan.macs) * batch * products / seconds;
    }
    all += seconds;
    layers.push_back(std::move(layer));
  }
  for (LayerTime& layer : layers) {
    if (all > 0) layer.share = (layer.forward_s + layer.backward_s) / all;
  }
  return layers;
}

}  // namespace

TimingReport time_model(const ModelSpec& spec, const TimingRequest& request) {
  Bench bench(spec, request);
  bench.run(kWarmUpShare * request.seconds, kFewestSteps);
  const std::vector<double> times = bench.run(request.seconds, kFewestSteps);
  TimingReport report;
  report.model = spec.name;
  report.mode = request.training ? "train" : "infer";
  report.batch_size = bench.batch();
  report.threads = threads();
  report.steps = static_cast<int64_t>(times.size());
  report.step_s = median(times);
  report.samples_per_s = static_cast<double>(bench.batch()) / report.step_s;
  if (request.per_layer) {
    LayerClock clock(bench.graph().nodes.size());
    bench.executor().observe(&clock);
    const size_t steps = bench.run(kWarmUpShare * request.seconds, kFewestSteps).size();
    bench.executor().observe(nullptr);
    report.layers = layer_times(bench.graph(), clock, static_cast<double>(steps),
                                static_cast<double>(bench.batch()));
  }
  report.peak_mib = peak_resident_mib();
  report.planned_mib = static_cast<double>(bench.planned_bytes()) / (1 << 20);
  return report;
}

std::string TimingReport::json() const {
  Json list = Json::array();
  for (const LayerTime& layer : layers) {
    list.push_back({{"name", layer.name},
                    {"type", layer.type},
                    {"kernel", layer.kernel},
                    {"forward_s", layer.forward_s},
                    {"backward_s", layer.backward_s},
                    {"share", layer.share},
                    {"gflops", layer.gflops}});
  }
  return json_text({{"schema", 1},
                    {"model", model},
                    {"mode", mode},
                    {"batch_size", batch_size},
                    {"threads", threads},
                    {"steps", steps},
                    {"step_s", step_s},
                    {"samples_per_s", samples_per_s},
                    {"peak_mib", peak_mib},
                    {"planned_mib", planned_mib},
                    {"layers", list}});
}

std::string TimingReport::table() const {
  size_t width = 5;
  for (const LayerTime& layer : layers) width = std::max(width, layer.name.size());
  std::string text;
  if (!layers.empty()) {
    text += fmt::format("{:<{}}  {:<14}  {:>10}  {:>11}  {:>6}  {:>8}\n", "layer", width, "type",
                        "forward ms", "backward ms", "share", "GFLOP/s");
  }
  for (const LayerTime& layer : layers) {
    text += fmt::format("{:<{}}  {:<14}  {:>10.3f}  {:>11.3f}  {:>5.1f}%  {:>8.1f}  {}\n",
                        layer.name, width, layer.type, 1e3 * layer.forward_s,
                        1e3 * layer.backward_s, 100 * layer.share, layer.gflops, layer.kernel);
  }
  text += fmt::format(
      "{} {}: {} samples/s; a step of {} samples takes {:.3f} ms (median of {}) on {} thread{}\n"
      "memory: {:.1f} MiB at most, {:.1f} MiB planned\n",
      model, mode, human_count(samples_per_s), batch_size, 1e3 * step_s, steps, threads,
      threads == 1 ? "" : "s", peak_mib, planned_mib);
  return text;
}

}  // namespace cnn

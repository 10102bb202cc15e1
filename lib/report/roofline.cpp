#include "report/roofline.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "base/parallel.h"
#include "kernels/gemm.h"
#include "tensor/tensor.h"

namespace cnn {
namespace {

constexpr int kRepeats = 5;
constexpr int64_t kSide = 1536;                // of the matrices: 10 MB each
constexpr int64_t kCopied = int64_t{1} << 25;  // floats: larger than caches
constexpr int64_t kPiece = int64_t{1} << 16;

// The shortest of some runs: others on the machine only ever slow it.
template <class Body>
double best_seconds(Body&& body) {
  using Clock = std::chrono::steady_clock;
  double best = 0;
  for (int i = 0; i <= kRepeats; ++i) {
    const auto start = Clock::now();
    body();
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    if (i == 1 || (i > 1 && seconds < best)) best = seconds;  // the first run warms up
  }
  return best;
}

double sgemm_gflops() {
  const auto count = static_cast<size_t>(kSide * kSide);
  Buffer a(count), b(count), c(count);
  std::fill_n(a.data(), count, 0.5f);
  std::fill_n(b.data(), count, 0.25f);
  const double seconds = best_seconds([&] {
    gemm(Op::kNone, Op::kNone, kSide, kSide, kSide, 1, a.data(), kSide, b.data(), kSide, 0,
         c.data(), kSide);
  });
  return 2e-9 * static_cast<double>(kSide * kSide * kSide) / seconds;
}

double copied_gb_s() {
  Buffer from(static_cast<size_t>(kCopied)), to(static_cast<size_t>(kCopied));
  std::fill_n(from.data(), kCopied, 1.0f);
  const double seconds = best_seconds([&] {
    parallel_for(kCopied, kPiece, [&](int64_t begin, int64_t end) {
      std::memcpy(to.data() + begin, from.data() + begin,
                  static_cast<size_t>(end - begin) * sizeof(float));
    });
  });
  return 2e-9 * static_cast<double>(kCopied) * sizeof(float) / seconds;
}

// With as many items as there can be.
double floats_of(const Graph& graph, int value, int64_t batch) {
  const Value& v = graph.value(value);
  return static_cast<double>(v.shape.count() * graph.most_items(v.length) * batch);
}

double input_floats(const Graph& graph, const GraphNode& node, int64_t batch) {
  double floats = 0;
  for (const int v : node.inputs) floats += floats_of(graph, v, batch);
  return floats;
}

double output_floats(const Graph& graph, const GraphNode& node, int64_t batch) {
  return floats_of(graph, node.output(), batch);
}

double parameter_floats(const GraphNode& node) {
  double floats = 0;
  for (const ParameterRequest& request : node.plan.parameters) {
    floats += static_cast<double>(request.shape.count());
  }
  return floats;
}

double flops(const Graph& graph, const GraphNode& node, int64_t batch) {
  const auto items = static_cast<double>(graph.most_items(node.length));
  return 2 * static_cast<double>(node.plan.macs) * items * static_cast<double>(batch);
}

// Values of the forward run that a layer's backward reads.
double kept_floats(const Graph& graph, const GraphNode& node, int64_t batch) {
  return (node.plan.backward_reads_input ? input_floats(graph, node, batch) : 0) +
         (node.plan.backward_reads_output ? output_floats(graph, node, batch) : 0);
}

}  // namespace

MachineSpeed measure_machine_speed() { return {sgemm_gflops(), copied_gb_s()}; }

Work& Work::operator+=(const Work& other) {
  flops += other.flops;
  bytes += other.bytes;
  return *this;
}

Work forward_work(const Graph& graph, const GraphNode& node, int64_t batch) {
  const double floats =
      input_floats(graph, node, batch) + output_floats(graph, node, batch) + parameter_floats(node);
  return {flops(graph, node, batch), floats * sizeof(float)};
}

Work backward_data_work(const Graph& graph, const GraphNode& node, int64_t batch) {
  // A product for the data reads the weights and the gradient; other layers what they kept.
  const double read = node.plan.macs > 0 ? parameter_floats(node) : kept_floats(graph, node, batch);
  const double floats = output_floats(graph, node, batch) + read + input_floats(graph, node, batch);
  return {flops(graph, node, batch), floats * sizeof(float)};
}

Work backward_weights_work(const Graph& graph, const GraphNode& node, int64_t batch) {
  const double floats =
      output_floats(graph, node, batch) + kept_floats(graph, node, batch) + parameter_floats(node);
  return {flops(graph, node, batch), floats * sizeof(float)};
}

double least_seconds(const Work& work, const MachineSpeed& machine) {
  return std::max(work.flops / (1e9 * machine.gflops), work.bytes / (1e9 * machine.copy_gb_s));
}

bool is_compute_bound(const Work& work, const MachineSpeed& machine) {
  return work.flops / machine.gflops >= work.bytes / machine.copy_gb_s;
}

}  // namespace cnn

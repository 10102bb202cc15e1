#include "model/network.h"

#include <algorithm>

#include "base/log.h"
#include "base/machine.h"
#include "base/parallel.h"
#include "base/text.h"
#include "graph/cut.h"
#include "graph/passes/fusion.h"

namespace cnn {

Network::Network(const ModelSpec& spec, bool trains) {
  // Training first: the store then holds its parameters in that graph's order.
  if (trains) train_ = build_graph(spec, Phase::kTrain, store_);
  test_ = build_graph(spec, Phase::kTest, store_);
}

void Network::plan(const std::vector<Use>& uses) {
  CNN_ASSERT(plans_.empty());
  for (const Use& use : uses) {
    // A copy: joining layers changes them, and the graph as it was written is still shown.
    run_graphs_.push_back(std::make_unique<Graph>(graph(use.pass.phase).clone()));
    Graph& graph = *run_graphs_.back();
    std::vector<int> seen = use.keep;
    seen.insert(seen.end(), use.starts.begin(), use.starts.end());
    if (!use.whole) end_at(graph, seen);
    if (!use.gone.empty()) replace_by_fields(graph, use.gone, use.given);
    if (use.pass.by_sample) forget_unused_lists(graph);
    if (use.fused) fuse(graph, use.pass, seen);
    const int64_t batch = use.pass.by_sample && graph.has_lists() ? 1 : use.batch;
    plans_.push_back(std::make_unique<MemoryPlan>(
        plan_memory(graph, use.pass, store_, batch, threads(), use.keep, use.starts)));
  }
}

void Network::note_kernels(int use) const {
  for (const GraphNode& node : run_graph(use).nodes) {
    if (!node.plan.kernel_why.empty()) detail_note("{}: {}", node.name, node.plan.kernel_why);
  }
}

const MemoryPlan* Network::largest_plan() const {
  const auto largest =
      std::max_element(plans_.begin(), plans_.end(),
                       [](const auto& a, const auto& b) { return a->floats < b->floats; });
  return largest == plans_.end() ? nullptr : largest->get();
}

bool Network::wants_gradients() const {
  return std::any_of(plans_.begin(), plans_.end(), [](const auto& plan) {
    return plan->pass.gradients == Pass::Gradients::kParameters;
  });
}

uint64_t Network::planned_bytes() const {
  // All share the arena; what is carried is each executor's own.
  int64_t floats = largest_plan() ? largest_plan()->floats : 0;
  for (const auto& plan : plans_) floats += plan->carried_floats;
  return static_cast<uint64_t>(floats) * sizeof(float) + store_.value_bytes() +
         (wants_gradients() ? store_.gradient_bytes() : 0);
}

void Network::allocate() {
  CNN_ASSERT(!plans_.empty() && !arena_);
  store_.allocate(wants_gradients());
  arena_ = std::make_unique<Arena>(largest_plan()->floats);
  for (size_t i = 0; i < plans_.size(); ++i) {
    executors_.push_back(std::make_unique<Executor>(*run_graphs_[i], store_, *plans_[i], *arena_));
  }
}

std::vector<MemoryPlan::Tenant> largest_tenants(const Network& network,
                                                std::vector<MemoryPlan::Tenant> others) {
  std::vector<MemoryPlan::Tenant> all = std::move(others);
  // The arena is as large as its largest plan; the others' tenants live inside it.
  if (const MemoryPlan* plan = network.largest_plan()) {
    all.insert(all.end(), plan->largest.begin(), plan->largest.end());
  }
  const bool gradients = network.wants_gradients();
  for (const Parameter& parameter : network.store().all()) {
    const uint64_t copies = gradients && parameter.trains() ? 2 : 1;
    all.push_back({parameter.name, float_bytes(parameter.request.shape, 1) * copies});
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
  all.resize(std::min<size_t>(all.size(), 5));
  return all;
}

void require_loss(const Graph& graph, const std::string& path, std::vector<std::string> notes) {
  if (!graph.losses.empty()) return;
  throw Error(
      Exit::kSpec,
      {{path, "there is no loss to train with; add 'loss: {cross_entropy: NAME, target: label}'",
        "", std::move(notes)}});
}

uint64_t allowed_memory(uint64_t limit) {
  const uint64_t available = available_memory();
  return limit > 0 && (available == 0 || limit < available) ? limit : available;
}

void check_memory(uint64_t planned, uint64_t limit, const std::vector<MemoryPlan::Tenant>& tenants,
                  const std::function<std::string(uint64_t allowed)>& remedy) {
  const uint64_t allowed = allowed_memory(limit);
  const bool limited = allowed == limit;
  if (allowed == 0 || planned <= allowed) return;
  Diagnostic d;
  d.problem = fmt::format("{} of memory are needed, {} are {}", human_bytes(planned),
                          human_bytes(allowed), limited ? "allowed (--memory)" : "available");
  for (const MemoryPlan::Tenant& tenant : tenants) {
    d.notes.push_back(fmt::format("{} for {}", human_bytes(tenant.bytes), tenant.name));
  }
  d.notes.push_back(remedy ? remedy(allowed) : "a smaller --batch-size needs less");
  throw Error(Exit::kResource, {std::move(d)});
}

}  // namespace cnn

#include "graph/executor.h"

#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "graph/gradient_flow.h"

namespace cnn {
namespace {

bool all_finite(const float* data, int64_t count) {
  // x * 0 is 0 for finite x and NaN otherwise; the sum keeps any NaN.
  float sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += data[i] * 0.0f;
  return sum == 0.0f;
}

}  // namespace

// The views of one node, made once; a run only changes their batch.
struct Executor::Slot {
  std::vector<ConstView> in;
  std::vector<float*> parameters;
  std::vector<float*> memory;
  std::vector<View> grad_in;
  std::vector<char> add;
  std::vector<float*> gradients;
  std::vector<char> add_parameters;
  View out;
  View grad_out;
  bool derives = false;
  float loss_weight = 1;
};

Executor::Executor(const Graph& graph, ParameterStore& store, const MemoryPlan& plan, Arena& arena)
    : graph_(graph), store_(store), plan_(plan), arena_(arena) {
  CNN_ASSERT(arena.floats() >= plan.floats);
  CNN_ASSERT(plan.threads >= threads());
  flush_denormals();
  bound_.assign(graph.fields.size(), nullptr);
  const GradientFlow flow = gradient_flow(graph, plan.pass, store, plan.starts);
  if (plan.slice > 0) lanes_.resize(static_cast<size_t>(plan.threads));
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const GraphNode& node = graph.nodes[i];
    CNN_ASSERT(node.parameters.size() <= kMaxParameters);
    for (const int parameter : node.parameters) {
      const bool learned = store.at(parameter).request.learned;
      writes_statistics_ = writes_statistics_ || (!learned && plan.pass.phase == Phase::kTrain);
    }
    slots_.push_back(make_slot(i, flow, 0));
    derives_ = derives_ || slots_.back().derives;
    for (size_t worker = 0; worker < lanes_.size(); ++worker) {
      lanes_[worker].push_back(make_slot(i, flow, static_cast<int>(worker)));
    }
  }
  for (const LossTerm& loss : graph.losses) {
    slots_[static_cast<size_t>(loss.node)].loss_weight = static_cast<float>(loss.weight);
  }
}

Executor::~Executor() = default;

Executor::Slot Executor::make_slot(size_t i, const GradientFlow& flow, int worker) {
  using Write = GradientFlow::Write;
  const GraphNode& node = graph_.nodes[i];
  const Slice none{worker, 0, 0};
  Slot slot;
  for (size_t k = 0; k < node.inputs.size(); ++k) {
    const int v = node.inputs[k];
    slot.in.push_back(value(v, none));
    const Write write = flow.inputs[i][k];
    slot.grad_in.push_back(write == Write::kNone ? View{} : gradient(v));
    slot.add.push_back(write == Write::kAdd);
  }
  for (size_t k = 0; k < node.parameters.size(); ++k) {
    const int parameter = node.parameters[k];
    const Write write = flow.parameters[i][k];
    slot.parameters.push_back(store_.value(parameter));
    slot.gradients.push_back(write == Write::kNone ? nullptr : store_.gradient(parameter));
    slot.add_parameters.push_back(write == Write::kAdd);
  }
  for (const Placement& placement : plan_.memory[i]) {
    slot.memory.push_back(place(placement, worker));
  }
  for (const MemoryRequest& request : node.plan.memory) {
    const bool derives = request.use == MemoryRequest::Use::kDerived && request.count > 0;
    slot.derives = slot.derives || (derives && node.runs_in(plan_.pass));
  }
  const ConstView out = value(node.output, none);
  slot.out = {const_cast<float*>(out.data), out.batch, out.shape};
  if (!node.is_loss()) slot.grad_out = gradient(node.output);
  return slot;
}

float* Executor::place(const Placement& placement, int worker) const {
  if (placement.offset < 0) return nullptr;
  const int64_t lane = placement.in_lane ? plan_.lanes + worker * plan_.lane_floats : 0;
  return arena_.data() + lane + placement.offset;
}

ConstView Executor::value(int id, const Slice& slice) const {
  const Shape& shape = graph_.values[static_cast<size_t>(id)].shape;
  const Placement& placement = plan_.values[static_cast<size_t>(id)];
  const float* data = place(placement, slice.worker);
  for (size_t i = 0; !data && i < graph_.fields.size(); ++i) {
    if (graph_.fields[i].value == id) data = bound_[i];
  }
  if (data && !placement.in_lane) data += slice.first * shape.count();
  return {data, slice.count, shape};
}

ConstView Executor::value(int id) const { return value(id, whole_batch()); }

View Executor::gradient(int id) {
  const Placement& place = plan_.gradients[static_cast<size_t>(id)];
  if (place.offset < 0) return {};
  return {arena_.data() + place.offset, batch_, graph_.values[static_cast<size_t>(id)].shape};
}

void Executor::bind(int field, const float* data) {
  bound_[static_cast<size_t>(field)] = data;
  const int v = graph_.fields[static_cast<size_t>(field)].value;
  for (const int consumer : graph_.values[static_cast<size_t>(v)].consumers) {
    const GraphNode& node = graph_.nodes[static_cast<size_t>(consumer)];
    for (size_t k = 0; k < node.inputs.size(); ++k) {
      if (node.inputs[k] == v) slots_[static_cast<size_t>(consumer)].in[k].data = data;
    }
  }
}

void Executor::set_batch(int64_t n) {
  CNN_ASSERT(n >= 1 && n <= plan_.batch);
  if (n == batch_) return;
  batch_ = n;
  for (Slot& slot : slots_) {
    for (ConstView& view : slot.in) view.batch = n;
    for (View& view : slot.grad_in) view.batch = n;
    slot.out.batch = n;
    slot.grad_out.batch = n;
  }
}

// Points the views at a slice.
void Executor::aim(Slots& slots, const Slice& slice) const {
  for (size_t i = 0; i < slots.size(); ++i) {
    const GraphNode& node = graph_.nodes[i];
    if (!plan_.slices(node)) continue;
    for (size_t k = 0; k < node.inputs.size(); ++k) slots[i].in[k] = value(node.inputs[k], slice);
    slots[i].out.data = const_cast<float*>(value(node.output, slice).data);
    slots[i].out.batch = slice.count;
  }
}

template <class AnyCall>
void Executor::fill(AnyCall& call, const Slot& slot, size_t i, const Slice& slice) const {
  call.pass = plan_.pass;
  call.batch = slice.count;
  call.first = slice.first;
  call.seed = seed_;
  call.name = graph_.nodes[i].name;
  call.step = step_;
  call.lends = graph_.nodes[i].plan.lends;
  call.in = slot.in;
  call.parameters = slot.parameters;
  call.memory = slot.memory;
  call.out = slot.out;
}

// Values computed from parameters stay until these change, or somebody else has used the arena.
void Executor::prepare() {
  const bool intact = arena_.enter(this);
  if (!derives_ || (intact && prepared_ == store_.version())) return;
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].derives) {
      graph_.nodes[i].layer->prepare({slots_[i].parameters, slots_[i].memory});
    }
  }
  prepared_ = store_.version();
}

void Executor::run_forward(const Slot& slot, size_t i, const Slice& slice, bool again) const {
  ForwardCall call;
  fill(call, slot, i, slice);
  call.again = again;
  const int node = static_cast<int>(i);
  const auto part = again ? Observer::Part::kForwardAgain : Observer::Part::kForward;
  if (observer_ != nullptr) observer_->before(node, part, slice.worker);
  graph_.nodes[i].layer->forward(call);
  if (observer_ != nullptr) observer_->after(node, part, slice.worker);
}

std::optional<NonFinite> Executor::run_layers(const Slots& slots, const Slice& slice, bool sliced,
                                              bool check) const {
  for (size_t i = 0; i < slots.size(); ++i) {
    const GraphNode& node = graph_.nodes[i];
    if (!node.runs_in(plan_.pass) || plan_.slices(node) != sliced) continue;
    run_forward(slots[i], i, slice);
    const View& out = slots[i].out;
    if (check && !all_finite(out.data, out.count())) return NonFinite{node.name, false};
  }
  return std::nullopt;
}

std::optional<NonFinite> Executor::run_slice(const Slice& slice, bool check) {
  Slots& slots = lanes_[static_cast<size_t>(slice.worker)];
  aim(slots, slice);
  return run_layers(slots, slice, true, check);
}

std::optional<NonFinite> Executor::run_whole(bool check) {
  return run_layers(slots_, whole_batch(), false, check);
}

void Executor::run_backward(size_t i) {
  Slot& slot = slots_[i];
  BackwardCall call;
  fill(call, slot, i, whole_batch());
  call.grad_out = slot.grad_out;
  if (graph_.nodes[i].plan.backward_masks_grad_out) call.mutable_grad_out = slot.grad_out.data;
  call.grad_in = slot.grad_in;
  call.add = slot.add;
  call.gradients = slot.gradients;
  call.add_parameters = accumulate_ ? std::span<const char>(all_add_).first(slot.gradients.size())
                                    : std::span<const char>(slot.add_parameters);
  call.scale = scale_ * slot.loss_weight;
  if (observer_ != nullptr) return observe_backward(i, call);
  graph_.nodes[i].layer->backward(call);
}

void Executor::observe_backward(size_t i, BackwardCall& call) {
  const GraphNode& node = graph_.nodes[i];
  const auto run = [&](Observer::Part part) {
    observer_->before(static_cast<int>(i), part, 0);
    node.layer->backward(call);
    observer_->after(static_cast<int>(i), part, 0);
  };
  const auto wants = [](const auto& pointer) { return static_cast<bool>(pointer); };
  const bool weights = std::any_of(call.gradients.begin(), call.gradients.end(), wants);
  const bool data = std::any_of(call.grad_in.begin(), call.grad_in.end(), wants);
  if (node.plan.macs == 0) return run(Observer::Part::kBackward);
  const std::vector<View> no_data(call.grad_in.size());
  const std::vector<float*> no_weights(call.gradients.size(), nullptr);
  const auto gradients = call.gradients;
  // Weights first: the gradient to the data may take the place of what they read.
  if (weights) {
    const auto grad_in = call.grad_in;
    call.grad_in = no_data;
    run(Observer::Part::kBackwardWeights);
    call.grad_in = grad_in;
    call.masked = true;
  }
  if (data) {
    call.gradients = no_weights;
    run(Observer::Part::kBackwardData);
    call.gradients = gradients;
  }
}

void Executor::forward(int64_t n, uint64_t seed, uint64_t step) {
  set_batch(n);
  seed_ = seed;
  step_ = step;
  ran_backward_ = false;
  prepare();
  if (plan_.slice > 0) {
    parallel_for(n, plan_.slice, [&](int64_t begin, int64_t end, int worker) {
      run_slice({worker, begin, end - begin}, false);
    });
  }
  run_whole(false);
  if (writes_statistics_) store_.touch();
}

void Executor::backward(float scale, bool add) {
  scale_ = scale;
  accumulate_ = add;
  ran_backward_ = true;
  for (const BackwardStep& step : plan_.backward) {
    if (step.again) {
      const auto node = static_cast<size_t>(step.node);
      run_forward(slots_[node], node, whole_batch(), true);
    } else {
      run_backward(static_cast<size_t>(step.node));
    }
  }
}

Executor::LossSum Executor::loss(int term) const {
  const LossTerm& loss = graph_.losses[static_cast<size_t>(term)];
  const ConstView out = slots_[static_cast<size_t>(loss.node)].out;
  LossSum sum;
  for (int64_t i = 0; i < out.batch; ++i) {
    sum.numerator += static_cast<double>(out.sample(i)[0]);
    sum.denominator += static_cast<double>(out.sample(i)[1]);
  }
  return sum;
}

double Executor::total_loss() const {
  double total = 0;
  for (size_t i = 0; i < graph_.losses.size(); ++i) {
    total += graph_.losses[i].weight * loss(static_cast<int>(i)).mean();
  }
  return total;
}

std::optional<NonFinite> Executor::find_non_finite() {
  const bool with_backward = ran_backward_;
  for (int64_t first = 0; plan_.slice > 0 && first < batch_; first += plan_.slice) {
    const int64_t count = std::min(plan_.slice, batch_ - first);
    if (auto found = run_slice({0, first, count}, true)) return found;
  }
  if (auto found = run_whole(true)) return found;
  if (!with_backward) return std::nullopt;
  for (const BackwardStep& step : plan_.backward) {
    const auto i = static_cast<size_t>(step.node);
    if (step.again) {
      run_forward(slots_[i], i, whole_batch(), true);
      continue;
    }
    run_backward(i);
    bool finite = true;
    for (const View& view : slots_[i].grad_in) {
      finite = finite && (!view || all_finite(view.data, view.count()));
    }
    for (size_t k = 0; k < slots_[i].gradients.size(); ++k) {
      const float* gradient = slots_[i].gradients[k];
      const int64_t count = store_.at(graph_.nodes[i].parameters[k]).count();
      finite = finite && (gradient == nullptr || all_finite(gradient, count));
    }
    if (!finite) return NonFinite{graph_.nodes[i].name, true};
  }
  return std::nullopt;
}

}  // namespace cnn

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
  std::vector<View> outs;
  std::vector<View> grad_outs;
  std::vector<ConstView> read_outs, read_grad_outs;  // the same, for backward to read
  std::vector<int64_t*> starts;  // by output: of a list whose length the layer decides
  bool derives = false;
  bool keeps_statistics = false;  // all of them are frozen
  int loss = -1;                  // term
};

Executor::Executor(const Graph& graph, ParameterStore& store, const MemoryPlan& plan, Arena& arena)
    : graph_(graph), store_(store), plan_(plan), arena_(arena) {
  CNN_ASSERT(arena.floats() >= plan.floats);
  CNN_ASSERT(plan.threads >= threads());
  flush_denormals();
  bound_.assign(graph.fields.size(), nullptr);
  bound_starts_.assign(graph.fields.size(), nullptr);
  for (const ListLength& length : graph.lengths) {
    starts_.emplace_back(static_cast<size_t>(plan.batch) + 1, 0);
    for (size_t n = 0; !length.varies && n < starts_.back().size(); ++n) {
      starts_.back()[n] = static_cast<int64_t>(n) * length.most;
    }
  }
  for (int64_t n = 0; graph.has_lists() && n <= plan.batch; ++n) one_each_.push_back(n);
  carried_ = Buffer(static_cast<size_t>(plan.carried_floats));
  reset_carried();
  const GradientFlow flow = gradient_flow(graph, plan.pass, store, plan.starts);
  if (plan.slice > 0) lanes_.resize(static_cast<size_t>(plan.threads));
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const GraphNode& node = graph.nodes[i];
    if (node.parameters.size() > all_add_.size()) all_add_.resize(node.parameters.size(), 1);
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
  for (size_t i = 0; i < graph.losses.size(); ++i) {
    slots_[static_cast<size_t>(graph.losses[i].node)].loss = static_cast<int>(i);
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
  const auto moves = [&](int parameter) {
    return !store_.at(parameter).request.learned && !store_.at(parameter).frozen;
  };
  slot.keeps_statistics = std::none_of(node.parameters.begin(), node.parameters.end(), moves);
  for (const Placement& placement : plan_.memory[i]) {
    slot.memory.push_back(place(placement, worker));
  }
  for (const MemoryRequest& request : node.plan.memory) {
    const bool derives = request.use == MemoryRequest::Use::kDerived && request.count > 0;
    slot.derives = slot.derives || (derives && node.runs_in(plan_.pass));
  }
  for (const int v : node.outputs) {
    const ConstView out = value(v, none);
    slot.outs.push_back({const_cast<float*>(out.data), out.batch, out.shape});
    slot.grad_outs.push_back(node.is_loss() ? View{} : gradient(v));
    const int length = graph_.value(v).length;
    const bool decides = length >= 0 && graph_.lengths[static_cast<size_t>(length)].source == v;
    slot.starts.push_back(decides ? starts_[static_cast<size_t>(length)].data() : nullptr);
  }
  slot.read_outs.assign(slot.outs.begin(), slot.outs.end());
  slot.read_grad_outs.assign(slot.grad_outs.begin(), slot.grad_outs.end());
  return slot;
}

float* Executor::place(const Placement& placement, int worker) const {
  if (placement.offset < 0) return nullptr;
  if (placement.is_carried) return const_cast<float*>(carried_.data()) + placement.offset;
  const int64_t lane = placement.in_lane ? plan_.lanes + worker * plan_.lane_floats : 0;
  return arena_.data() + lane + placement.offset;
}

ConstView Executor::value(int id, const Slice& slice) const {
  const Shape& shape = graph_.value(id).shape;
  const Placement& placement = plan_.values[static_cast<size_t>(id)];
  const float* data = place(placement, slice.worker);
  for (size_t i = 0; !data && i < graph_.fields.size(); ++i) {
    if (graph_.fields[i].value == id) data = bound_[i];
  }
  if (data && !placement.in_lane) data += slice.first * shape.count();
  return {data, slice.count, shape};
}

ConstView Executor::value(int id) const {
  ConstView view = value(id, whole_batch());
  const int length = graph_.value(id).length;
  view.batch = rows(id);
  if (length >= 0) view.starts = starts(length);
  return view;
}

int64_t Executor::rows(int id) const {
  const int length = graph_.value(id).length;
  return length < 0 ? batch_ : starts(length)[batch_];
}

const int64_t* Executor::starts(int length) const {
  return length < 0 ? one_each_.data() : starts_[static_cast<size_t>(length)].data();
}

// Of lists whose length comes with a field.
void Executor::set_lengths() {
  for (size_t i = 0; i < graph_.fields.size(); ++i) {
    const int v = graph_.fields[i].value;
    const int length = graph_.value(v).length;
    if (length < 0 || graph_.lengths[static_cast<size_t>(length)].source != v) continue;
    std::vector<int64_t>& own = starts_[static_cast<size_t>(length)];
    const int64_t most = graph_.most_items(length);
    for (size_t n = 0; n <= static_cast<size_t>(batch_); ++n) {
      own[n] = bound_starts_[i] != nullptr ? bound_starts_[i][n] : static_cast<int64_t>(n) * most;
    }
  }
}

void Executor::measure(Slot& slot, size_t i) const {
  const GraphNode& node = graph_.nodes[i];
  const bool mixes = node.type->mixes_items;
  const auto set = [&](auto& view, int v) {
    view.batch = rows(v);
    if (mixes) view.starts = starts(graph_.value(v).length);
  };
  for (size_t k = 0; k < node.inputs.size(); ++k) {
    set(slot.in[k], node.inputs[k]);
    set(slot.grad_in[k], node.inputs[k]);
  }
  for (size_t k = 0; k < node.outputs.size(); ++k) {
    set(slot.outs[k], node.outputs[k]);
    set(slot.grad_outs[k], node.outputs[k]);
    slot.read_outs[k] = slot.outs[k];
    slot.read_grad_outs[k] = slot.grad_outs[k];
  }
}

bool Executor::is_idle(size_t i) const {
  const int length = graph_.nodes[i].length;
  return length >= 0 && starts(length)[batch_] == 0;
}

void Executor::move_carried(std::span<const int> from) {
  for (size_t i = 0; i < graph_.nodes.size(); ++i) {
    const std::vector<MemoryRequest>& requests = graph_.nodes[i].plan.memory;
    for (size_t k = 0; k < requests.size(); ++k) {
      if (requests[k].use != MemoryRequest::Use::kCarried) continue;
      const int64_t count = requests[k].count;
      float* memory = place(plan_.memory[i][k], 0);
      const std::vector<float> before(memory, memory + plan_.batch * count);
      for (size_t n = 0; n < from.size(); ++n) {
        std::copy_n(before.data() + from[n] * count, count,
                    memory + static_cast<int64_t>(n) * count);
      }
    }
  }
}

void Executor::reset_carried() { std::fill_n(carried_.data(), carried_.size(), 0.0f); }

View Executor::gradient(int id) {
  const Placement& place = plan_.gradients[static_cast<size_t>(id)];
  if (place.offset < 0) return {};
  return {arena_.data() + place.offset, batch_ > 0 ? rows(id) : 0, graph_.value(id).shape};
}

void Executor::bind(int field, const float* data, const int64_t* starts) {
  bound_[static_cast<size_t>(field)] = data;
  bound_starts_[static_cast<size_t>(field)] = starts;
  const int v = graph_.fields[static_cast<size_t>(field)].value;
  for (const int consumer : graph_.value(v).consumers) {
    const GraphNode& node = graph_.node(consumer);
    for (size_t k = 0; k < node.inputs.size(); ++k) {
      if (node.inputs[k] == v) slots_[static_cast<size_t>(consumer)].in[k].data = data;
    }
  }
}

void Executor::set_batch(int64_t n) {
  CNN_ASSERT(n >= 1 && n <= plan_.batch);
  const bool is_new = n != batch_;
  batch_ = n;
  if (graph_.has_lists()) return set_lengths();  // each node is measured when it runs
  for (size_t i = 0; is_new && i < slots_.size(); ++i) measure(slots_[i], i);
}

// Points the views at a slice.
void Executor::aim(Slots& slots, const Slice& slice) const {
  for (size_t i = 0; i < slots.size(); ++i) {
    const GraphNode& node = graph_.nodes[i];
    if (!plan_.slices(node)) continue;
    for (size_t k = 0; k < node.inputs.size(); ++k) slots[i].in[k] = value(node.inputs[k], slice);
    for (size_t k = 0; k < node.outputs.size(); ++k) {
      slots[i].outs[k].data = const_cast<float*>(value(node.outputs[k], slice).data);
      slots[i].outs[k].batch = slice.count;
    }
  }
}

template <class AnyCall>
void Executor::fill(AnyCall& call, const Slot& slot, size_t i, const Slice& slice) const {
  const int length = graph_.nodes[i].length;
  call.pass = plan_.pass;
  call.batch = length < 0 ? slice.count : starts(length)[batch_];
  call.first = first_ + slice.first;
  call.seed = seed_;
  call.name = graph_.nodes[i].name;
  call.step = step_;
  call.lends = graph_.nodes[i].plan.lends;
  call.keeps_statistics = slot.keeps_statistics;
  call.shares = shares_;
  call.in = slot.in;
  call.parameters = slot.parameters;
  call.memory = slot.memory;
  call.out = slot.outs.front();
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

void Executor::run_forward(Slot& slot, size_t i, const Slice& slice, bool again) const {
  if (graph_.has_lists()) measure(slot, i);
  if (is_idle(i)) return;
  ForwardCall call;
  fill(call, slot, i, slice);
  call.outs = slot.outs;
  call.starts = slot.starts;
  call.again = again;
  const int node = static_cast<int>(i);
  const auto part = again ? Observer::Part::kForwardAgain : Observer::Part::kForward;
  if (observer_ != nullptr) observer_->before(node, part, slice.worker);
  graph_.nodes[i].layer->forward(call);
  if (observer_ != nullptr) observer_->after(node, part, slice.worker);
  if (graph_.has_lists()) measure(slot, i);  // it may have said how long its lists are
}

std::optional<NonFinite> Executor::run_layers(Slots& slots, const Slice& slice, bool sliced,
                                              bool check) const {
  for (size_t i = 0; i < slots.size(); ++i) {
    const GraphNode& node = graph_.nodes[i];
    if (!node.runs_in(plan_.pass) || plan_.slices(node) != sliced) continue;
    run_forward(slots[i], i, slice);
    for (const View& out : slots[i].outs) {
      if (check && out && !all_finite(out.data, out.count())) return NonFinite{node.name, false};
    }
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
  if (graph_.has_lists()) measure(slot, i);
  if (is_idle(i)) return zero_gradients(slot, i);
  BackwardCall call;
  fill(call, slot, i, whole_batch());
  call.outs = slot.read_outs;
  call.grad_outs = slot.read_grad_outs;
  call.grad_out = slot.grad_outs.front();
  if (graph_.nodes[i].plan.backward_masks_grad_out) {
    call.mutable_grad_out = slot.grad_outs.front().data;
  }
  call.grad_in = slot.grad_in;
  call.add = slot.add;
  call.gradients = slot.gradients;
  call.add_parameters = accumulate_ ? std::span<const char>(all_add_).first(slot.gradients.size())
                                    : std::span<const char>(slot.add_parameters);
  call.scale = slot.loss < 0 ? scale_ : loss_scale(slot, i, denominators_);
  if (observer_ != nullptr) return observe_backward(i, call);
  graph_.nodes[i].layer->backward(call);
}

// Those of parameters that nobody else writes; inputs have no items whose gradients could be.
void Executor::zero_gradients(const Slot& slot, size_t i) {
  for (size_t k = 0; k < slot.gradients.size(); ++k) {
    const bool adds = accumulate_ || slot.add_parameters[k] != 0;
    if (slot.gradients[k] == nullptr || adds) continue;
    std::fill_n(slot.gradients[k], store_.at(graph_.nodes[i].parameters[k]).count(), 0.0f);
  }
}

// A loss divides by the sum of its own denominators; this makes up for what others there are.
float Executor::loss_scale(const Slot& slot, size_t i, std::span<const double> denominators) const {
  const auto term = static_cast<size_t>(slot.loss);
  const float plain = scale_ * static_cast<float>(graph_.losses[term].weight);
  double own = 0;
  for (int64_t n = 0; n < slot.outs[0].batch; ++n) {
    own += static_cast<double>(slot.outs[0].sample(n)[1]);
  }
  const bool by_sample = graph_.nodes[i].plan.averages_samples && graph_.nodes[i].length >= 0;
  const double wanted = !denominators.empty() ? denominators[term]
                        : by_sample           ? static_cast<double>(batch_)
                                              : own;
  if (wanted == own) return plain;
  return wanted > 0 ? static_cast<float>(static_cast<double>(plain) * own / wanted) : 0.0f;
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

void Executor::forward(int64_t n, uint64_t seed, uint64_t step, int64_t first) {
  set_batch(n);
  first_ = first;
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

void Executor::backward(float scale, bool add, std::span<const double> denominators) {
  CNN_ASSERT(denominators.empty() || denominators.size() == graph_.losses.size());
  scale_ = scale;
  denominators_ = denominators;
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
  const auto i = static_cast<size_t>(graph_.losses[static_cast<size_t>(term)].node);
  const ConstView out = slots_[i].outs[0];
  LossSum sum;
  for (int64_t n = 0; n < out.batch; ++n) {
    sum.numerator += static_cast<double>(out.sample(n)[0]);
    sum.denominator += static_cast<double>(out.sample(n)[1]);
  }
  const bool by_sample = graph_.nodes[i].plan.averages_samples && graph_.nodes[i].length >= 0;
  if (by_sample) sum.denominator = static_cast<double>(batch_);
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

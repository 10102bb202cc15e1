// Greedy packing by size over lifetimes: the largest buffer takes the lowest free place, and so on
// (as in Pisarchyk & Lee 2020, "Efficient memory management for deep neural net inference").

#include "graph/memory_plan.h"

#include <algorithm>
#include <numeric>

#include "graph/backward_order.h"
#include "graph/gradient_flow.h"

namespace cnn {
namespace {

constexpr int64_t kAlignedFloats = static_cast<int64_t>(kAlignment / sizeof(float));

// Enough slices for some threads, and samples for the matrix products in them.
constexpr int64_t kSlices = 8, kLeastSlice = 8, kMostSlice = 16;
constexpr int64_t kMostSliceMacs = int64_t{1} << 30;

// Samples of a slice; 0 if the pass or the network does not want them.
int64_t choose_slice(const Graph& graph, const Pass& pass, int64_t batch) {
  if (pass.by_sample) {
    CNN_ASSERT(pass.phase == Phase::kTest && pass.gradients == Pass::Gradients::kNone);
    return graph.has_lists() ? 0 : 1;
  }
  if (pass.phase != Phase::kTest || pass.gradients != Pass::Gradients::kNone) return 0;
  if (graph.has_lists()) return 0;  // their samples are of different sizes
  for (const GraphNode& node : graph.nodes) {
    for (const MemoryRequest& request : node.plan.memory) {
      if (request.use == MemoryRequest::Use::kCarried) return 0;
      if (node.is_loss() && request.borrowed >= 0) return 0;  // of all samples
    }
  }
  const int64_t slice = std::min(batch / kSlices, kMostSlice);
  return slice >= kLeastSlice && graph.macs() <= kMostSliceMacs / slice ? slice : 0;
}

// From step `first` to step `last`.
struct Life {
  int first = 0;
  int last = 0;

  bool meets(const Life& other) const { return first <= other.last && other.first <= last; }
};

// In order; those that overlap as one.
std::vector<Life> joined(std::vector<Life> lives) {
  std::sort(lives.begin(), lives.end(),
            [](const Life& a, const Life& b) { return a.first < b.first; });
  std::vector<Life> result;
  for (const Life& life : lives) {
    if (!result.empty() && life.first <= result.back().last) {
      result.back().last = std::max(result.back().last, life.last);
    } else {
      result.push_back(life);
    }
  }
  return result;
}

// A stretch of memory. It lives more than once if what it holds is computed again.
struct Block {
  std::string name;
  int64_t count = 0;
  std::vector<Life> lives;
  bool in_lane = false;
  bool is_carried = false;
  int64_t offset = 0;

  int64_t aligned_count() const {
    return (count + kAlignedFloats - 1) / kAlignedFloats * kAlignedFloats;
  }
  bool meets(const Block& other) const {
    if (in_lane != other.in_lane || is_carried || other.is_carried) return false;
    return std::any_of(lives.begin(), lives.end(), [&](const Life& a) {
      return std::any_of(other.lives.begin(), other.lives.end(),
                         [&](const Life& b) { return a.meets(b); });
    });
  }
};

class Planner {
 public:
  Planner(const Graph& graph, const Pass& pass, const ParameterStore& store, int64_t batch,
          int threads, const std::vector<int>& keep, const std::vector<int>& starts)
      : graph_(graph),
        pass_(pass),
        flow_(gradient_flow(graph, pass, store, starts)),
        starts_(starts),
        batch_(batch),
        threads_(threads),
        slice_(choose_slice(graph, pass, batch)),
        kept_(graph.values.size(), 0),
        value_block_(graph.values.size(), -1),
        gradient_block_(graph.values.size(), -1) {
    for (const int v : keep) kept_[index(v)] = 1;
    for (const NamedOutput& output : graph.outputs) kept_[index(output.value)] = 1;
    for (const LossTerm& loss : graph.losses) kept_[index(node(loss.node).output())] = 1;
    order_ = backward_order(graph, pass, flow_, kept_);
    end_ = static_cast<int>(graph.nodes.size() + order_.steps.size());
  }

  MemoryPlan plan() {
    add_values();
    add_gradients();
    add_layer_memory();
    MemoryPlan plan;
    plan.pass = pass_;
    plan.batch = batch_;
    plan.threads = threads_;
    plan.starts = starts_;
    plan.slice = slice_;
    plan.lanes = place(false);
    plan.lane_floats = place(true);
    plan.floats = plan.lanes + threads_ * plan.lane_floats;
    plan.carried_floats = place_carried();
    plan.backward = order_.steps;
    for (const int block : value_block_) plan.values.push_back(placement(block));
    for (const int block : gradient_block_) plan.gradients.push_back(placement(block));
    for (const std::vector<int>& blocks : memory_block_) {
      plan.memory.emplace_back();
      for (const int block : blocks) plan.memory.back().push_back(placement(block));
    }
    plan.largest = tenants_at_peak();
    return plan;
  }

 private:
  static size_t index(int i) { return static_cast<size_t>(i); }
  const GraphNode& node(int i) const { return graph_.nodes[index(i)]; }
  // Layers prepare before the first step, one after the other.
  int prepare_time(int i) const { return i - static_cast<int>(graph_.nodes.size()); }
  int backward_time(int i) const { return order_.backward[index(i)]; }
  int again_time(int i) const { return order_.again[index(i)]; }
  bool runs(int i) const { return flow_.runs[index(i)] != 0; }

  // Slices run through all layers again and again: what they leave behind lives all the time.
  int add_block(std::string name, int64_t count, std::vector<Life> lives, bool in_lane = false) {
    if (slice_ > 0 && !in_lane) {
      for (Life& life : lives) life.first = std::min(life.first, 0);
    }
    blocks_.push_back({std::move(name), count, joined(std::move(lives)), in_lane, false, 0});
    return static_cast<int>(blocks_.size()) - 1;
  }

  bool slices(int i) const { return slice_ > 0 && !node(i).is_loss(); }
  // The value of a layer in slices that only layers in slices read.
  bool value_in_lane(int v) const {
    const Value& value = graph_.values[index(v)];
    if (value.producer < 0 || !slices(value.producer) || kept_[index(v)]) return false;
    return std::none_of(value.consumers.begin(), value.consumers.end(), [&](int consumer) {
      return node(consumer).is_loss() && node(consumer).runs_in(pass_);
    });
  }

  // What lives then shares the block's memory.
  void extend(int block, std::vector<Life> lives) {
    std::vector<Life>& own = blocks_[index(block)].lives;
    lives.insert(lives.end(), own.begin(), own.end());
    own = joined(std::move(lives));
  }

  // Of a value at full batch, with as many items as there can be.
  int64_t floats(int v, bool in_lane = false) const {
    const Value& value = graph_.values[index(v)];
    const int64_t samples = in_lane ? slice_ : batch_;
    const auto bytes = float_bytes(value.shape, samples * graph_.most_items(value.length));
    return static_cast<int64_t>(bytes / sizeof(float));
  }

  bool same_size(int v, int w) const {
    const Value &a = graph_.values[index(v)], &b = graph_.values[index(w)];
    return a.shape.count() == b.shape.count() && a.length == b.length;
  }

  bool is_read(int v) const {
    const std::vector<int>& consumers = graph_.values[index(v)].consumers;
    return kept_[index(v)] || std::any_of(consumers.begin(), consumers.end(), [&](int consumer) {
             return node(consumer).runs_in(pass_);
           });
  }

  // From its computation to the last step at which it is read; what is needed within a block that
  // is recomputed, and only there, from its second computation once more.
  std::vector<Life> lives_of(int v) const {
    const Value& value = graph_.values[index(v)];
    const int producer = value.producer;
    int forward = producer, later = -1;  // last reads
    if (runs(producer) && node(producer).plan.backward_reads_output) {
      later = backward_time(producer);
    }
    for (const int consumer : value.consumers) {
      if (!node(consumer).runs_in(pass_)) continue;
      forward = std::max(forward, consumer);
      later = std::max(later, again_time(consumer));
      if (runs(consumer) && backward_reads(node(consumer), v)) {
        later = std::max(later, backward_time(consumer));
      }
    }
    if (kept_[index(v)]) later = end_;
    const int again = again_time(producer);
    if (again < 0) return {{producer, std::max(forward, later)}};
    if (order_.escapes[index(v)]) return {{producer, std::max(forward, later)}, {again, again}};
    return {{producer, forward}, {again, std::max(again, later)}};
  }

  // Memory of the layer itself that is not needed behind its forward.
  std::vector<Life> lives_of_forward(int i) const {
    if (again_time(i) < 0) return {{i, i}};
    return {{i, i}, {again_time(i), again_time(i)}};
  }

  // What forward leaves to backward.
  std::vector<Life> lives_of_saved(int i) const {
    if (!runs(i)) return lives_of_forward(i);
    if (again_time(i) < 0) return {{i, backward_time(i)}};
    return {{i, i}, {again_time(i), backward_time(i)}};
  }

  // Nobody reads value v after layer i has, whenever that runs.
  bool ends_with(int v, int i) const {
    const std::vector<Life> lives = lives_of(v);
    return std::all_of(lives.begin(), lives.end(), [&](const Life& life) {
      return life.last == i || life.last == again_time(i);
    });
  }

  // Both are computed again, or neither is.
  bool run_alike(int i, int j) const {
    return order_.block[index(i)] == order_.block[index(j)] &&
           order_.runs_again(i) == order_.runs_again(j);
  }

  // The output may overwrite an input: nobody reads that one after this layer's forward.
  bool forward_in_place(int i) const {
    const GraphNode& n = node(i);
    const bool willing =
        n.plan.in_place || (n.plan.identity_in_test && pass_.phase == Phase::kTest);
    if (!willing || n.inputs.empty()) return false;
    const int v = n.inputs[index(n.plan.in_place_input)];
    return value_block_[index(v)] >= 0 && ends_with(v, i) &&
           value_in_lane(v) == value_in_lane(n.output()) &&
           run_alike(graph_.values[index(v)].producer, i) &&
           std::count(n.inputs.begin(), n.inputs.end(), v) == 1 && n.outputs.size() == 1 &&
           same_size(v, n.output());
  }

  void add_values() {
    for (int i = 0; i < static_cast<int>(graph_.nodes.size()); ++i) {
      if (!node(i).runs_in(pass_)) continue;
      if (forward_in_place(i)) {
        const int v = node(i).output();
        value_block_[index(v)] =
            value_block_[index(node(i).inputs[index(node(i).plan.in_place_input)])];
        extend(value_block_[index(v)], lives_of(v));
        continue;
      }
      for (size_t k = 0; k < node(i).outputs.size(); ++k) {
        const int v = node(i).outputs[k];
        if (node(i).plan.outputs[k].only_if_read && !is_read(v)) continue;
        const bool in_lane = value_in_lane(v);
        const std::string& name = node(i).plan.outputs[k].name;
        value_block_[index(v)] =
            add_block(fmt::format("{} (output{}{})", node(i).name, name.empty() ? "" : " ", name),
                      floats(v, in_lane), lives_of(v), in_lane);
      }
    }
  }

  // The gradient of an input may overwrite that of the output.
  bool backward_in_place(int i) const {
    const GraphNode& n = node(i);
    if (!n.plan.in_place || n.inputs.empty()) return false;
    const size_t k = index(n.plan.in_place_input);
    return gradient_block_[index(n.output())] >= 0 && !kept_[index(n.output())] &&
           flow_.inputs[index(i)][k] == GradientFlow::Write::kOverwrite &&
           std::count(n.inputs.begin(), n.inputs.end(), n.inputs[k]) == 1 &&
           n.outputs.size() == 1 && same_size(n.inputs[k], n.output());
  }

  // From step `first` to the last one that reads the value's gradient.
  Life life_of_gradient(int v, int first) const {
    const int producer = graph_.values[index(v)].producer;
    const bool stays = producer < 0 || kept_[index(v)];
    return {first, stays ? end_ : std::max(first, backward_time(producer))};
  }

  int add_gradient(int v, int first) {
    return add_block(graph_.values[index(v)].name + " (gradient)", floats(v),
                     {life_of_gradient(v, first)});
  }

  void add_gradients() {
    // The caller writes these before the first step backward.
    const int begin = static_cast<int>(graph_.nodes.size());
    for (const int v : starts_) {
      int& block = gradient_block_[index(v)];
      if (pass_.gradients != Pass::Gradients::kNone && block < 0) block = add_gradient(v, begin);
    }
    for (int i = static_cast<int>(graph_.nodes.size()); i-- > 0;) {
      if (!runs(i)) continue;
      for (size_t k = 0; k < node(i).inputs.size(); ++k) {
        const int v = node(i).inputs[k];
        if (flow_.inputs[index(i)][k] != GradientFlow::Write::kOverwrite) continue;
        if (k == index(node(i).plan.in_place_input) && backward_in_place(i)) {
          gradient_block_[index(v)] = gradient_block_[index(node(i).output())];
          extend(gradient_block_[index(v)], {life_of_gradient(v, backward_time(i))});
        } else {
          gradient_block_[index(v)] = add_gradient(v, backward_time(i));
        }
      }
    }
  }

  int64_t units(int i, Per per, bool in_lane) const {
    switch (per) {
      case Per::kSample:
        return (in_lane ? slice_ : batch_) * graph_.most_items(node(i).length);
      case Per::kThread:
        return in_lane ? 1 : threads_;
      case Per::kOnce:
        break;
    }
    return 1;
  }

  void add_layer_memory() {
    for (int i = 0; i < static_cast<int>(graph_.nodes.size()); ++i) {
      memory_block_.emplace_back();
      for (const MemoryRequest& request : node(i).plan.memory) {
        using Use = MemoryRequest::Use;
        const bool lives_on = request.use == Use::kDerived || request.use == Use::kPrepare;
        const bool in_lane = slices(i) && !lives_on;
        const int64_t count = request.count * units(i, request.per, in_lane);
        int block = -1;
        if (!node(i).runs_in(pass_)) {
          // Its memory stays without a place.
        } else if (request.use == Use::kCarried) {
          block = add_block(node(i).name + " (carried)", count, {{prepare_time(0), end_}});
          blocks_.back().is_carried = true;
        } else if (request.use == Use::kDerived) {
          block = add_block(node(i).name + " (derived)", count, {{prepare_time(i), end_}});
        } else if (request.use == Use::kPrepare) {
          block =
              add_block(node(i).name + " (scratch)", count, {{prepare_time(i), prepare_time(i)}});
        } else if (request.borrowed >= 0) {
          const int lender = graph_.find_node(node(i).named->node);
          block = memory_block_[index(lender)][index(request.borrowed)];
          extend(block, {{lender, std::max({i, again_time(i), backward_time(i)})}});
        } else if (request.use == Use::kForward) {
          block = add_block(node(i).name + " (scratch)", count, lives_of_forward(i), in_lane);
        } else if (request.use == Use::kSaved) {
          block = add_block(node(i).name + " (saved)", count, lives_of_saved(i), in_lane);
        } else if (runs(i)) {
          block =
              add_block(node(i).name + " (scratch)", count, {{backward_time(i), backward_time(i)}});
        }
        memory_block_.back().push_back(block);
      }
    }
  }

  // Gives every block in (or outside) lanes its offset; the size of all.
  int64_t place(bool in_lane) {
    std::vector<size_t> order(blocks_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return blocks_[a].count > blocks_[b].count; });
    std::vector<const Block*> placed;  // by offset
    int64_t size = 0;
    for (const size_t i : order) {
      Block& block = blocks_[i];
      if (block.in_lane != in_lane || block.is_carried) continue;
      int64_t offset = 0;
      for (const Block* other : placed) {
        if (!other->meets(block)) continue;
        if (offset + block.aligned_count() <= other->offset) break;
        offset = std::max(offset, other->offset + other->aligned_count());
      }
      block.offset = offset;
      placed.insert(
          std::upper_bound(placed.begin(), placed.end(), offset,
                           [](int64_t at, const Block* other) { return at < other->offset; }),
          &block);
      size = std::max(size, offset + block.aligned_count());
    }
    return size;
  }

  // One after the other: all of it lives all the time.
  int64_t place_carried() {
    int64_t size = 0;
    for (Block& block : blocks_) {
      if (!block.is_carried) continue;
      block.offset = size;
      size += block.aligned_count();
    }
    return size;
  }

  Placement placement(int block) const {
    if (block < 0) return {};
    const Block& b = blocks_[index(block)];
    return {b.offset, b.count, b.in_lane, b.is_carried};
  }

  std::vector<MemoryPlan::Tenant> tenants_at_peak() const {
    const int start = prepare_time(0);
    std::vector<int64_t> change(index(end_ - start) + 2, 0);
    const auto total = [&](const Block& b) { return b.in_lane ? b.count * threads_ : b.count; };
    for (const Block& b : blocks_) {
      for (const Life& life : b.lives) {
        change[index(life.first - start)] += total(b);
        change[index(life.last - start) + 1] -= total(b);
      }
    }
    int64_t live = 0, most = -1;
    int peak = 0;
    for (int t = start; t <= end_; ++t) {
      live += change[index(t - start)];
      if (live > most) {
        most = live;
        peak = t;
      }
    }
    std::vector<MemoryPlan::Tenant> tenants;
    for (const Block& b : blocks_) {
      const bool lives = std::any_of(b.lives.begin(), b.lives.end(), [&](const Life& life) {
        return life.meets({peak, peak});
      });
      if (!lives || b.count == 0) continue;
      tenants.push_back({b.name, static_cast<uint64_t>(total(b)) * sizeof(float)});
    }
    constexpr size_t kShown = 5;
    std::stable_sort(tenants.begin(), tenants.end(),
                     [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
    tenants.resize(std::min(tenants.size(), kShown));
    return tenants;
  }

  const Graph& graph_;
  const Pass pass_;
  const GradientFlow flow_;
  const std::vector<int> starts_;
  const int64_t batch_;
  const int threads_;
  const int64_t slice_;
  BackwardOrder order_;
  int end_ = 0;  // a step after the last one
  std::vector<char> kept_;
  std::vector<Block> blocks_;
  std::vector<int> value_block_, gradient_block_;
  std::vector<std::vector<int>> memory_block_;
};

}  // namespace

MemoryPlan plan_memory(const Graph& graph, const Pass& pass, const ParameterStore& store,
                       int64_t batch, int threads, const std::vector<int>& keep,
                       const std::vector<int>& starts) {
  return Planner(graph, pass, store, batch, threads, keep, starts).plan();
}

}  // namespace cnn

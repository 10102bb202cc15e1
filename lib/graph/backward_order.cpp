#include "graph/backward_order.h"

#include <algorithm>

namespace cnn {
namespace {

class Order {
 public:
  Order(const Graph& graph, const Pass& pass, const GradientFlow& flow,
        const std::vector<char>& kept)
      : graph_(graph), pass_(pass), flow_(flow), kept_(kept), count_(graph.nodes.size()) {
    order_.backward.assign(count_, -1);
    order_.again.assign(count_, -1);
    order_.block.assign(count_, -1);
    order_.escapes.assign(graph.values.size(), 1);
    again_.assign(count_, 0);
  }

  BackwardOrder make() {
    if (pass_.recompute) {
      find_blocks();
      find_escapes();
      for (size_t i = count_; i-- > 0;) again_[i] = needed_again(i);
    }
    for (size_t i = count_; i-- > 0;) {
      if (ends_block(i)) add_block_again(order_.block[i]);
      if (flow_.runs[i]) order_.backward[i] = add_step(i, false);
    }
    return std::move(order_);
  }

 private:
  static size_t index(int i) { return static_cast<size_t>(i); }
  int block_of(int node) const { return node < 0 ? -1 : order_.block[index(node)]; }

  // Those in which something runs backward.
  void find_blocks() {
    std::vector<int> active;
    for (size_t i = 0; i < count_; ++i) {
      if (flow_.runs[i]) active.push_back(graph_.nodes[i].recompute);
    }
    for (size_t i = 0; i < count_; ++i) {
      const int block = graph_.nodes[i].recompute;
      if (std::count(active.begin(), active.end(), block) > 0) order_.block[i] = block;
    }
  }

  void find_escapes() {
    for (size_t v = 0; v < graph_.values.size(); ++v) {
      const Value& value = graph_.values[v];
      const int block = block_of(value.producer);
      order_.escapes[v] = block < 0 || kept_[v] ||
                          std::any_of(value.consumers.begin(), value.consumers.end(), [&](int c) {
                            return graph_.nodes[index(c)].runs_in(pass_) && block_of(c) != block;
                          });
    }
  }

  // Whether node i must run again: its backward wants what it saves, or something in the block its
  // output. Those behind it have been decided on.
  bool needed_again(size_t i) const {
    if (order_.block[i] < 0) return false;
    const GraphNode& node = graph_.nodes[i];
    const bool runs = flow_.runs[i] != 0;
    const bool saves = std::any_of(node.plan.memory.begin(), node.plan.memory.end(),
                                   [](const MemoryRequest& request) {
                                     return request.use == MemoryRequest::Use::kSaved &&
                                            request.borrowed < 0 && request.count > 0;
                                   });
    if (runs && saves) return true;
    return std::any_of(node.outputs.begin(), node.outputs.end(), [&](int v) {
      if (order_.escapes[index(v)]) return false;
      if (runs && node.plan.backward_reads_output) return true;
      const std::vector<int>& consumers = graph_.values[index(v)].consumers;
      return std::any_of(consumers.begin(), consumers.end(), [&](int c) {
        return again_[index(c)] ||
               (flow_.runs[index(c)] && backward_reads(graph_.nodes[index(c)], v));
      });
    });
  }

  bool ends_block(size_t i) const {
    const int block = order_.block[i];
    return block >= 0 && std::find(order_.block.begin() + static_cast<ptrdiff_t>(i) + 1,
                                   order_.block.end(), block) == order_.block.end();
  }

  void add_block_again(int block) {
    for (size_t i = 0; i < count_; ++i) {
      if (order_.block[i] == block && again_[i]) order_.again[i] = add_step(i, true);
    }
  }

  int add_step(size_t node, bool again) {
    order_.steps.push_back({static_cast<int>(node), again});
    return static_cast<int>(count_ + order_.steps.size()) - 1;
  }

  const Graph& graph_;
  const Pass& pass_;
  const GradientFlow& flow_;
  const std::vector<char>& kept_;
  const size_t count_;
  BackwardOrder order_;
  std::vector<char> again_;  // by node
};

}  // namespace

bool backward_reads(const GraphNode& node, int v) {
  if (!node.plan.backward_reads_input) return false;
  for (size_t k = 0; k < node.inputs.size(); ++k) {
    if (node.inputs[k] == v && static_cast<int>(k) != node.plan.backward_spares_input) return true;
  }
  return false;
}

BackwardOrder backward_order(const Graph& graph, const Pass& pass, const GradientFlow& flow,
                             const std::vector<char>& kept) {
  return Order(graph, pass, flow, kept).make();
}

}  // namespace cnn

#include "graph/passes/fusion.h"

#include <algorithm>
#include <string_view>

namespace cnn {
namespace {

std::string_view parent_path(std::string_view name) {
  const size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? "" : name.substr(0, dot + 1);
}

// What a layer is called in the name of those that it has been joined with: without the path that
// it shares with the first; by its type if it is the activation of the last ("bn1") or has no
// name but a number.
std::string short_name(const GraphNode& node, std::string_view first, const std::string& before) {
  const size_t path = parent_path(node.name).size();
  const bool is_number = node.name.find_first_not_of("0123456789", path) == std::string::npos;
  if (is_number || node.folded_into == before) return node.type->name;
  const std::string_view shared = parent_path(first);
  return node.name.substr(node.name.starts_with(shared) ? shared.size() : 0);
}

class Fusion {
 public:
  Fusion(Graph& graph, const Pass& pass, const std::vector<int>& keep)
      : graph_(graph), pass_(pass), kept_(graph.values.size(), 0), gone_(graph.nodes.size(), 0) {
    for (const int v : keep) kept_[index(v)] = 1;
    for (const NamedOutput& output : graph.outputs) kept_[index(output.value)] = 1;
  }

  void run() {
    if (pass_.phase == Phase::kTest) {
      for (int i = 0; i < count(); ++i) drop_identity(i);
      connect();
    }
    for (int i = 0; i < count(); ++i) {
      if (!gone_[index(i)]) join(i);
    }
    remove_gone();
  }

 private:
  static size_t index(int i) { return static_cast<size_t>(i); }
  int count() const { return static_cast<int>(graph_.nodes.size()); }
  GraphNode& node(int i) { return graph_.nodes[index(i)]; }
  Value& value(int v) { return graph_.values[index(v)]; }

  // A layer whose output is its input: those behind it read that instead.
  void drop_identity(int i) {
    GraphNode& identity = node(i);
    if (!identity.plan.identity_in_test || kept_[index(identity.output())]) return;
    CNN_ASSERT(identity.outputs.size() == 1);
    const int from = identity.inputs[0];
    if (value(from).shape != value(identity.output()).shape) return;
    for (GraphNode& other : graph_.nodes) {
      std::replace(other.inputs.begin(), other.inputs.end(), identity.output(), from);
    }
    gone_[index(i)] = 1;
  }

  // Node i absorbs the one behind it, and that one's follower, as far as it goes.
  void join(int i) {
    const std::string first = node(i).name;
    std::string before = first;
    bool joined = false;
    for (int next = follower(i); next >= 0 && absorbs(i, next); next = follower(i)) {
      joined = true;
      const std::string name = node(next).name;
      node(i).name += " + " + short_name(node(next), first, before);
      before = name;
      take_over(i, next);
      i = next;
    }
    if (joined) set_up_again(i);
  }

  // The only reader of node i's output if nobody else may see that value; else -1.
  int follower(int i) {
    const GraphNode& before = node(i);
    const Value& between = value(before.output());
    if (before.outputs.size() > 1) return -1;
    if (kept_[index(before.output())] || between.consumers.size() != 1) return -1;
    const int next = between.consumers[0];
    const GraphNode& after = node(next);
    const bool once = std::count(after.inputs.begin(), after.inputs.end(), before.output()) == 1;
    const bool plain = after.absorbed.empty() && !after.is_loss() &&
                       after.recompute == before.recompute && after.outputs.size() == 1 &&
                       after.length == before.length &&
                       value(after.output()).shape == between.shape;
    return once && plain ? next : -1;
  }

  bool absorbs(int i, int next) {
    GraphNode& before = node(i);
    const GraphNode& after = node(next);
    Follower f;
    f.layer = after.layer.get();
    f.tail = after.layer->tail();
    f.first_parameter = static_cast<int>(before.parameters.size());
    f.other_input = static_cast<int>(before.inputs.size());
    if (f.tail.kind == Tail::Kind::kNone) return false;
    if (after.inputs.size() != (f.tail.kind == Tail::Kind::kAdd ? 2u : 1u)) return false;
    return before.layer->absorb(f);
  }

  // Node i, which has absorbed `next`, moves to its place: all that it reads is there by then.
  void take_over(int i, int next) {
    GraphNode joined = std::move(node(i));
    GraphNode& after = node(next);
    value(joined.output()).producer = -1;
    value(joined.output()).consumers.clear();
    for (const int v : after.inputs) {
      if (v != joined.output()) joined.inputs.push_back(v);
    }
    joined.parameters.insert(joined.parameters.end(), after.parameters.begin(),
                             after.parameters.end());
    joined.outputs = after.outputs;
    joined.absorbed.push_back(std::move(after.layer));
    for (const int v : joined.inputs) replace_reader(v, i, next);
    gone_[index(i)] = 1;
    node(next) = std::move(joined);
  }

  // Where node `from` read value v, node `to` does, perhaps beside what it read already.
  void replace_reader(int v, int from, int to) {
    std::vector<int>& readers = value(v).consumers;
    std::erase(readers, from);
    const auto place = std::lower_bound(readers.begin(), readers.end(), to);
    if (place == readers.end() || *place != to) readers.insert(place, to);
  }

  void set_up_again(int i) {
    GraphNode& joined = node(i);
    std::vector<Form> forms;
    for (const int v : joined.inputs) forms.emplace_back(value(v).shape);
    const size_t own = joined.plan.parameters.size();
    const bool lends = joined.plan.lends;
    joined.plan = set_up(*joined.layer, forms, graph_.phase, {}, joined.named.get());
    joined.plan.lends = lends;
    CNN_ASSERT(joined.plan.parameters.size() == own);
    CNN_ASSERT(joined.plan.output() == value(joined.output()).shape);
  }

  // Producers and consumers, from the nodes that are left.
  void connect() {
    for (Value& v : graph_.values) {
      v.producer = -1;
      v.consumers.clear();
    }
    for (int i = 0; i < count(); ++i) {
      if (gone_[index(i)]) continue;
      for (const int v : node(i).outputs) value(v).producer = i;
      for (const int v : node(i).inputs) {
        std::vector<int>& consumers = value(v).consumers;
        if (consumers.empty() || consumers.back() != i) consumers.push_back(i);
      }
    }
  }

  void remove_gone() {
    std::vector<int> place(graph_.nodes.size(), -1);
    std::vector<GraphNode> left;
    for (int i = 0; i < count(); ++i) {
      if (gone_[index(i)]) continue;
      place[index(i)] = static_cast<int>(left.size());
      left.push_back(std::move(node(i)));
    }
    graph_.nodes = std::move(left);
    gone_.assign(graph_.nodes.size(), 0);
    for (LossTerm& loss : graph_.losses) loss.node = place[index(loss.node)];
    connect();
  }

  Graph& graph_;
  const Pass& pass_;
  std::vector<char> kept_;  // values
  std::vector<char> gone_;  // nodes
};

}  // namespace

void fuse(Graph& graph, const Pass& pass, const std::vector<int>& keep) {
  const bool by_layer =
      pass.gradients == Pass::Gradients::kInput || pass.rule != Pass::Rule::kGradient;
  if (!by_layer) Fusion(graph, pass, keep).run();
}

}  // namespace cnn

#include "report/summary.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>

#include "base/parallel.h"
#include "base/text.h"
#include "graph/builder.h"
#include "metrics/metrics.h"
#include "model/network.h"
#include "model/settings.h"

namespace cnn {
namespace {

// An option of a layer that says more than the defaults do.
struct Setting {
  const Option* option = nullptr;
  std::string value;  // as YAML
};

// The primary option, then those that differ from a new layer's.
class Settings {
 public:
  explicit Settings(const GraphNode& node) : fresh_(node.type->make()) {
    node.layer->options(options_);
    fresh_->options(fresh_options_);
    for (size_t i = 0; i < options_.table().size(); ++i) {
      const Option& option = options_.table()[i];
      if (option.is_reference) continue;
      const std::string value = to_yaml(option.write());
      if (option.is_primary) {
        if (value != "~") list_.insert(list_.begin(), {&option, value});
      } else if (option.is_required || value != to_yaml(fresh_options_.table()[i].write())) {
        list_.push_back({&option, value});
      }
    }
  }

  // "6, kernel 5, pad 2".
  std::string str() const {
    std::vector<std::string> parts;
    for (const Setting& s : list_) {
      parts.push_back(s.option->is_primary ? s.value : s.option->name + " " + s.value);
    }
    return join(parts, ", ");
  }

  // "conv 6, 5x5/2, pad 2, no bias": a window as papers write it, switches by their names. Brief:
  // what shapes the output, and no more.
  std::string operation(const GraphNode& node, bool is_brief) const {
    std::vector<std::string> parts;
    for (const Setting& s : list_) {
      const std::string& name = s.option->name;
      if (name == "stride" || (is_brief && !s.option->is_primary && !is_geometry(name))) continue;
      if (name == "kernel") {
        parts.push_back(window_text(node));  // and its stride
      } else if (s.option->is_primary) {
        parts.push_back(s.value);
      } else if (s.value == "true" || s.value == "false") {
        parts.push_back(s.value == "true" ? name : "no " + name);
      } else {
        parts.push_back(name + " " + s.value);
      }
    }
    return node.type->name + std::string(parts.empty() ? "" : " ") + join(parts, ", ");
  }

 private:
  static bool is_geometry(std::string_view name) {
    static constexpr std::array<std::string_view, 8> kNames = {
        "kernel", "pad", "output_pad", "dilation", "groups", "fit", "ceil", "tie"};
    return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
  }

  static std::string window_text(const GraphNode& node) {
    const bool is_volume = node.plan.output().is_volume();
    const Extents &kernel = node.plan.window.kernel, &stride = node.plan.window.stride;
    const std::string text = kernel.str(is_volume);
    const bool is_even = stride.h == stride.w && (!is_volume || stride.d == stride.h);
    if (!is_even) return text + "/" + stride.str(is_volume);
    return stride.h == 1 ? text : text + fmt::format("/{}", stride.h);
  }

  std::unique_ptr<Layer> fresh_;
  Options options_, fresh_options_;
  std::vector<Setting> list_;
};

const std::string& name_of(const Graph& graph, int value) { return graph.value(value).name; }

int64_t learned_parameters(const GraphNode& node) {
  int64_t count = 0;
  if (node.shares) return count;
  for (const ParameterRequest& request : node.plan.parameters) {
    count += request.learned && request.tied < 0 ? request.shape.count() : 0;
  }
  return count;
}

LayerSummary describe(const Graph& graph, const GraphNode& node) {
  LayerSummary layer;
  layer.name = node.name;
  layer.type = node.type->name;
  layer.family = node.type->family;
  layer.changes_values_only = node.type->changes_values_only();
  const Settings settings(node);
  layer.settings = settings.str();
  layer.operation = settings.operation(node, false);
  layer.brief = settings.operation(node, true);
  for (const int input : node.inputs) layer.inputs.push_back(name_of(graph, input));
  layer.output = node.plan.output();
  layer.items = graph.items(graph.value(node.output()));
  layer.parameters = learned_parameters(node);
  layer.macs = node.plan.macs * graph.most_items(node.length);
  layer.blocks = node.path;
  for (const int output : node.outputs) {
    if (layer.changes_values_only) break;
    const Value& value = graph.value(output);
    layer.activations += value.shape.count() * graph.most_items(value.length);
  }
  layer.arithmetic = arithmetic_of(graph, node);
  layer.leftover = leftover(graph, node);
  layer.folded_into = node.folded_into;
  layer.is_folded = node.type->role == LayerType::Role::kActivation && layer.inputs.size() == 1 &&
                    node.folded_into == layer.inputs[0];
  return layer;
}

// The part of a summary that a graph alone tells.
void add_graph(const Graph& graph, ModelSummary& summary) {
  for (const GraphField& field : graph.fields) {
    const Field& f = field.field;
    if (field.is_input) summary.inputs.push_back({f.name, f.shape, f.items});
  }
  const std::vector<ReceptiveField> fields = receptive_fields(graph);
  for (const GraphNode& node : graph.nodes) {
    if (node.is_loss()) continue;
    summary.layers.push_back(describe(graph, node));
    summary.layers.back().field = fields[static_cast<size_t>(node.output())];
  }
  summary.blocks.insert(graph.blocks.begin(), graph.blocks.end());
  summary.macs = graph.macs();
  summary.depth = weight_depth(graph);
}

// The memory that a node's output and saved values take in a plan. A layer that works in place
// shares its input's.
uint64_t activation_bytes(const Graph& graph, const MemoryPlan& plan, size_t index) {
  const GraphNode& node = graph.nodes[index];
  const Placement& out = plan.values[static_cast<size_t>(node.output())];
  const auto takes_place_of = [&](int v) {
    return plan.values[static_cast<size_t>(v)].offset == out.offset;
  };
  const bool is_in_place = std::any_of(node.inputs.begin(), node.inputs.end(), takes_place_of);
  const std::vector<int>& readers = graph.value(node.output()).consumers;
  const bool is_recomputed =
      node.recompute >= 0 && std::all_of(readers.begin(), readers.end(), [&](int reader) {
        return graph.node(reader).recompute == node.recompute;
      });
  int64_t floats = is_in_place || is_recomputed ? 0 : out.count;
  if (node.recompute >= 0) return static_cast<uint64_t>(floats) * sizeof(float);
  for (size_t i = 0; i < node.plan.memory.size(); ++i) {
    if (node.plan.memory[i].use != MemoryRequest::Use::kSaved) continue;
    floats += plan.memory[index][i].count;
  }
  return static_cast<uint64_t>(floats) * sizeof(float);
}

// Joined layers count for the last of them, after which their output is called.
void add_activations(const Graph& training, const MemoryPlan& plan, ModelSummary& summary) {
  std::map<std::string, uint64_t> bytes;
  for (size_t i = 0; i < training.nodes.size(); ++i) {
    const Value& output = training.values[static_cast<size_t>(training.nodes[i].output())];
    bytes[output.name] = activation_bytes(training, plan, i);
  }
  for (LayerSummary& layer : summary.layers) {
    const auto found = bytes.find(layer.name);
    if (found != bytes.end()) layer.activation_bytes = found->second;
  }
}

// 0 if there is nothing to recompute.
uint64_t bytes_without_recompute(const Graph& graph, const ParameterStore& store, int64_t batch) {
  const bool recomputes = std::any_of(graph.nodes.begin(), graph.nodes.end(),
                                      [](const GraphNode& node) { return node.recompute >= 0; });
  if (!recomputes) return 0;
  Pass pass = Pass::training();
  pass.recompute = false;
  return plan_memory(graph, pass, store, batch, threads()).bytes();
}

// Plans as a training run and as `cnn time --mode infer` do.
MemorySummary plan_all(const ModelSpec& spec, const TrainSettings& settings, Network& network) {
  const int64_t batch = settings.batch_size;
  const MetricSet metrics(spec, network.test_graph());
  network.plan({{Pass::training(), batch, {}},
                {Pass::testing(), settings.evaluation_batch(), metrics.values()},
                {Pass::predicting(), batch, {}}});
  const ParameterStore& store = network.store();
  const MemoryPlan& infer = network.memory_plan(2);
  MemorySummary memory;
  memory.batch_size = batch;
  const MemoryPlan& validation = network.memory_plan(1);
  const MemoryPlan& train =
      network.memory_plan(0).floats >= validation.floats ? network.memory_plan(0) : validation;
  memory.train_arena = train.bytes();
  memory.kept_arena = bytes_without_recompute(network.run_graph(0), store, batch);
  memory.infer_arena = infer.bytes();
  memory.infer_largest = infer.largest;
  memory.weights = store.value_bytes();
  memory.gradients = store.gradient_bytes();
  memory.optimizer = settings.optimizer->state_bytes(store);
  memory.train_largest = largest_tenants(network, {{"optimizer", memory.optimizer}});
  for (MemoryPlan::Tenant& tenant : memory.train_largest) {
    const int id = store.find(tenant.name);
    if (id >= 0 && store.at(id).trains()) tenant.name += " with gradient";
  }
  return memory;
}

// "1 row and 2 columns", of volumes "1 slice, 2 rows and 1 column".
std::string slices_rows_columns(const Extents& n) {
  std::vector<std::string> parts;
  if (n.d > 0) parts.push_back(counted(n.d, "slice"));
  if (n.h > 0) parts.push_back(counted(n.h, "row"));
  if (n.w > 0) parts.push_back(counted(n.w, "column"));
  const std::string last = parts.back();
  parts.pop_back();
  return parts.empty() ? last : join(parts, ", ") + " and " + last;
}

}  // namespace

ModelSummary summarize(const ModelSpec& spec) {
  const TrainSettings settings = read_train_settings(spec);
  Network network(spec, true);
  ModelSummary summary;
  summary.name = spec.name;
  add_graph(network.test_graph(), summary);
  const ParameterStore& store = network.store();
  summary.parameters = store.parameter_count();
  summary.trainable = store.trainable_count();
  for (const Parameter& parameter : store.all()) {
    summary.weights.emplace_back(parameter.name, parameter.request.shape);
  }
  summary.memory = plan_all(spec, settings, network);
  network.note_kernels(0);
  add_activations(network.run_graph(0), network.memory_plan(0), summary);
  return summary;
}

ModelSummary summarize_until_error(const ModelSpec& spec) {
  ParameterStore store;
  const PartialGraph partial = build_partial_graph(spec, Phase::kTest, store);
  ModelSummary summary;
  summary.name = spec.name;
  summary.is_partial = true;
  if (!partial.problems.empty()) add_graph(partial.graph, summary);
  summary.parameters = store.parameter_count();
  return summary;
}

int64_t ModelSummary::layer_count() const {
  return std::count_if(layers.begin(), layers.end(), std::mem_fn(&LayerSummary::counts));
}

int64_t ModelSummary::activations() const {
  int64_t sum = 0;
  for (const LayerSummary& layer : layers) sum += layer.activations;
  return sum;
}

int64_t ModelSummary::training_only() const {
  int64_t evaluated = 0;
  for (const LayerSummary& layer : layers) evaluated += layer.parameters;
  return parameters - evaluated;
}

std::vector<std::string> ModelSummary::notes() const {
  // One line for all layers that leave the same.
  std::vector<std::pair<std::string, std::vector<std::string>>> found;
  const auto add = [&](const std::string& what, const std::string& name) {
    for (auto& [text, names] : found) {
      if (text == what) return names.push_back(name);
    }
    found.push_back({what, {name}});
  };
  for (const bool padding : {false, true}) {
    for (const LayerSummary& layer : layers) {
      const Extents& left = padding ? layer.leftover.padding : layer.leftover.image;
      if (left == Extents::all(0)) continue;
      add(slices_rows_columns(left) +
              (padding ? " of padding not used by " : " of the input dropped by "),
          layer.name);
    }
  }
  std::vector<std::string> lines;
  for (const auto& [text, names] : found) lines.push_back(text + join(names, ", "));
  return lines;
}

}  // namespace cnn

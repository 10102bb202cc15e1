#include "train/summary.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/parallel.h"
#include "base/text.h"
#include "graph/builder.h"
#include "graph/memory_plan.h"
#include "train/settings.h"

namespace cnn {
namespace {

// "6, kernel 5, pad 2": the primary option, then those that differ from a new layer's.
std::string settings_of(const GraphNode& node) {
  Options mine, fresh;
  node.layer->options(mine);
  const std::unique_ptr<Layer> other = node.type->make();
  other->options(fresh);
  std::vector<std::string> parts;
  for (size_t i = 0; i < mine.table().size(); ++i) {
    const Option& option = mine.table()[i];
    if (option.is_reference) continue;
    const std::string value = to_yaml(option.write());
    if (option.is_primary) {
      if (value != "~") parts.insert(parts.begin(), value);
    } else if (value != to_yaml(fresh.table()[i].write())) {
      parts.push_back(option.name + " " + value);
    }
  }
  return join(parts, ", ");
}

int64_t learned_parameters(const GraphNode& node) {
  int64_t count = 0;
  for (const ParameterRequest& request : node.plan.parameters) {
    count += request.learned ? request.shape.count() : 0;
  }
  return count;
}

std::vector<int64_t> sizes_of(const Shape& shape) {
  std::vector<int64_t> sizes;
  for (int axis = 0; axis < shape.rank(); ++axis) sizes.push_back(shape[axis]);
  return sizes;
}

// Columns as wide as their widest cell; numbers to the right.
class Table {
 public:
  explicit Table(std::vector<bool> right) : right_(std::move(right)), widths_(right_.size(), 0) {}

  void add(std::vector<std::string> cells) {
    for (size_t i = 0; i < cells.size(); ++i) {
      widths_[i] = std::max(widths_[i], display_width(cells[i]));
    }
    rows_.push_back(std::move(cells));
  }

  std::string str() const {
    std::string text;
    for (size_t r = 0; r < rows_.size(); ++r) {
      std::string line;
      for (size_t i = 0; i < rows_[r].size(); ++i) {
        const std::string fill(static_cast<size_t>(widths_[i] - display_width(rows_[r][i])), ' ');
        line += (i == 0 ? "" : "  ") + (right_[i] ? fill + rows_[r][i] : rows_[r][i] + fill);
      }
      line.erase(line.find_last_not_of(' ') + 1);
      text += line + "\n";
      if (r == 0) text += std::string(static_cast<size_t>(width()), '-') + "\n";
    }
    return text;
  }

 private:
  int width() const {
    int sum = 2 * (static_cast<int>(widths_.size()) - 1);
    for (const int w : widths_) sum += w;
    return sum;
  }

  std::vector<bool> right_;
  std::vector<int> widths_;
  std::vector<std::vector<std::string>> rows_;
};

std::string count_or_nothing(int64_t n) { return n == 0 ? "" : with_commas(n); }

}  // namespace

ModelSummary summarize(const ModelSpec& spec, int64_t batch_size) {
  const TrainSettings settings = read_train_settings(spec);
  ParameterStore store;
  const Graph training = build_graph(spec, Phase::kTrain, store);
  const Graph testing = build_graph(spec, Phase::kTest, store);

  ModelSummary summary;
  summary.name = spec.name;
  for (const GraphField& field : testing.fields) {
    if (field.is_input) summary.inputs.emplace_back(field.field.name, field.field.shape);
  }
  summary.parameters = store.parameter_count();
  summary.trainable = store.trainable_count();
  summary.macs = testing.macs();
  for (const GraphNode& node : testing.nodes) {
    if (node.is_loss()) continue;
    summary.layers.push_back({node.name, node.type->name, settings_of(node), node.plan.output,
                              learned_parameters(node), node.plan.macs});
  }
  for (const Parameter& parameter : store.all()) {
    summary.weights.emplace_back(parameter.name, parameter.request.shape);
  }
  summary.weight_bytes = store.value_bytes();
  summary.batch_size = batch_size > 0 ? batch_size : settings.batch_size;

  const MemoryPlan train_plan =
      plan_memory(training, Pass::training(), store, summary.batch_size, threads());
  const MemoryPlan test_plan =
      plan_memory(testing, Pass::testing(), store, summary.batch_size, threads());
  summary.infer_bytes = test_plan.bytes() + store.value_bytes();
  summary.train_bytes = std::max(train_plan.bytes(), test_plan.bytes()) + store.value_bytes() +
                        store.gradient_bytes() + settings.optimizer->state_bytes(store);
  return summary;
}

std::string ModelSummary::json() const {
  using Json = nlohmann::ordered_json;
  Json out = {{"schema", 1}, {"name", name}};
  out["input"] = Json::object();
  for (const auto& [field, shape] : inputs) out["input"][field] = sizes_of(shape);
  out["params"] = parameters;
  out["trainable"] = trainable;
  out["macs"] = macs;
  out["layers"] = Json::array();
  for (const LayerSummary& layer : layers) {
    out["layers"].push_back({{"name", layer.name},
                             {"type", layer.type},
                             {"output", sizes_of(layer.output)},
                             {"params", layer.parameters},
                             {"macs", layer.macs}});
  }
  out["weights"] = Json::object();
  for (const auto& [weight, shape] : weights) out["weights"][weight] = sizes_of(shape);
  out["memory"] = {
      {"train_bytes", train_bytes}, {"infer_bytes", infer_bytes}, {"batch_size", batch_size}};
  return out.dump();
}

std::string ModelSummary::table() const {
  Table table({false, false, false, true, true});
  table.add({"name", "layer", "output", "parameters", "MACs"});
  for (const auto& [field, shape] : inputs) table.add({field, "input", shape.str(), "", ""});
  for (const LayerSummary& layer : layers) {
    table.add({layer.name, layer.settings.empty() ? layer.type : layer.type + " " + layer.settings,
               layer.output.str(), count_or_nothing(layer.parameters),
               count_or_nothing(layer.macs)});
  }
  std::string text = name + "\n\n" + table.str() + "\n";
  text += fmt::format("parameters  {} ({} trainable), {}\n", with_commas(parameters),
                      trainable == parameters ? "all" : with_commas(trainable),
                      human_bytes(weight_bytes));
  text += fmt::format("MACs        {} a sample ({}FLOPs)\n", with_commas(macs),
                      human_count(2.0 * static_cast<double>(macs)));
  text += fmt::format("memory      {} to train, {} to predict, at batch size {}\n",
                      human_bytes(train_bytes), human_bytes(infer_bytes), batch_size);
  return text;
}

}  // namespace cnn

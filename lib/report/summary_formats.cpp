// Summaries for other programs: JSON, CSV, Graphviz.

#include <map>

#include "base/text.h"
#include "io/csv.h"
#include "report/summary.h"
#include "train/json.h"

namespace cnn {
namespace {

std::vector<int64_t> sizes_of(const Shape& shape) {
  std::vector<int64_t> sizes;
  for (int axis = 0; axis < shape.rank(); ++axis) sizes.push_back(shape[axis]);
  return sizes;
}

// [rows, columns], of volumes [slices, rows, columns].
Json by_axes(double slices, double rows, double columns, bool is_volume) {
  if (is_volume) return {slices, rows, columns};
  return {rows, columns};
}

Json field_json(const ReceptiveField& field, bool is_volume) {
  const auto& [rows, columns, slices, is_whole] = field;
  return {{"size", by_axes(slices.size, rows.size, columns.size, is_volume)},
          {"jump", by_axes(slices.jump, rows.jump, columns.jump, is_volume)},
          {"whole", is_whole}};
}

Json leftover_json(const Extents& left, bool is_volume) {
  if (is_volume) return {left.d, left.h, left.w};
  return {left.h, left.w};
}

Json json_of(const LayerSummary& layer) {
  Json json = {{"name", layer.name},
               {"type", layer.type},
               {"output", sizes_of(layer.output)},
               {"params", layer.parameters},
               {"macs", layer.macs},
               {"activations", layer.activations},
               {"settings", layer.settings},
               {"inputs", layer.inputs},
               {"activation_bytes", layer.activation_bytes},
               {"receptive_field", field_json(layer.field, layer.output.is_volume())}};
  const LayerArithmetic& a = layer.arithmetic;
  for (const auto& [key, text] : {std::pair("size", &a.size),
                                  {"activations", &a.activations},
                                  {"params", &a.parameters},
                                  {"macs", &a.macs}}) {
    if (!text->empty()) json["arithmetic"][key] = *text;
  }
  if (layer.items.is_list) {
    json["items"] = {{"most", layer.items.most}, {"varies", layer.items.varies}};
  }
  if (layer.leftover.any()) {
    const bool is_volume = layer.output.is_volume();
    json["dropped"] = {{"image", leftover_json(layer.leftover.image, is_volume)},
                       {"padding", leftover_json(layer.leftover.padding, is_volume)}};
  }
  return json;
}

Json json_of(const std::vector<MemoryPlan::Tenant>& tenants) {
  Json list = Json::array();
  for (const MemoryPlan::Tenant& tenant : tenants) {
    list.push_back({{"name", tenant.name}, {"bytes", tenant.bytes}});
  }
  return list;
}

std::string dot_escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

// Writes the boxes of a graph, opening and closing clusters as names go in and out of blocks.
class DotWriter {
 public:
  explicit DotWriter(const ModelSummary& summary) : summary_(summary) {}

  std::string str() {
    text_ = fmt::format("digraph \"{}\" {{\n", dot_escaped(summary_.name));
    text_ += "  rankdir=TB;\n  node [shape=box, fontname=\"sans-serif\"];\n";
    for (const auto& [name, shape, items] : summary_.inputs) {
      text_ += fmt::format("  {} [shape=ellipse, label=\"{}\\n{}\"];\n", new_box(name), name,
                           volume_text(shape, items));
    }
    for (const LayerSummary& layer : summary_.layers) add(layer);
    close_to(0);
    for (const LayerSummary& layer : summary_.layers) add_edges(layer);
    return text_ + "}\n";
  }

 private:
  std::string new_box(const std::string& name) {
    const std::string id = fmt::format("n{}", boxes_.size());
    return boxes_[name] = id;
  }
  std::string margin() const { return std::string(2 * open_.size() + 2, ' '); }

  void close_to(size_t depth) {
    while (open_.size() > depth) {
      open_.pop_back();
      text_ += margin() + "}\n";
    }
  }

  // A folded activation stands in its layer's box.
  void add(const LayerSummary& layer) {
    if (layer.is_folded && boxes_.count(layer.inputs[0])) {
      boxes_[layer.name] = boxes_[layer.inputs[0]];
      return;
    }
    std::vector<std::string> levels = split(layer.name, '.');
    const std::string label = levels.back();
    levels.pop_back();
    size_t shared = 0;
    while (shared < open_.size() && shared < levels.size() && open_[shared] == levels[shared]) {
      ++shared;
    }
    close_to(shared);
    while (open_.size() < levels.size()) {
      text_ += fmt::format("{}subgraph cluster_{} {{\n", margin(), clusters_++);
      open_.push_back(levels[open_.size()]);
      text_ += fmt::format("{}label=\"{}\"; style=rounded;\n", margin(), open_.back());
    }
    std::string operation = layer.operation;
    if (const LayerSummary* act = folded_into(layer)) operation += " + " + act->operation;
    text_ += fmt::format("{}{} [label=\"{}\\n{}\\n{}\"];\n", margin(), new_box(layer.name), label,
                         dot_escaped(operation), volume_text(layer.output, layer.items));
  }

  const LayerSummary* folded_into(const LayerSummary& layer) const {
    const size_t next = static_cast<size_t>(&layer - summary_.layers.data()) + 1;
    if (next >= summary_.layers.size()) return nullptr;
    const LayerSummary& after = summary_.layers[next];
    return after.is_folded && after.inputs[0] == layer.name ? &after : nullptr;
  }

  void add_edges(const LayerSummary& layer) {
    const std::string& to = boxes_[layer.name];
    for (const std::string& input : layer.inputs) {
      if (boxes_[input] != to) text_ += fmt::format("  {} -> {};\n", boxes_[input], to);
    }
  }

  const ModelSummary& summary_;
  std::map<std::string, std::string> boxes_;  // name of a layer or input -> id
  std::vector<std::string> open_;             // clusters
  int clusters_ = 0;
  std::string text_;
};

}  // namespace

std::string ModelSummary::json() const {
  Json out = {{"schema", 1}, {"name", name}};
  out["input"] = Json::object();
  for (const auto& [field, shape, items] : inputs) out["input"][field] = sizes_of(shape);
  out["params"] = parameters;
  out["trainable"] = trainable;
  out["macs"] = macs;
  out["activations"] = activations();
  out["depth"] = depth;
  out["layers"] = Json::array();
  for (const LayerSummary& layer : layers) out["layers"].push_back(json_of(layer));
  out["weights"] = Json::object();
  for (const auto& [weight, shape] : weights) out["weights"][weight] = sizes_of(shape);
  out["memory"] = {{"train_bytes", memory.train_bytes()},
                   {"infer_bytes", memory.infer_bytes()},
                   {"batch_size", memory.batch_size},
                   {"weight_bytes", memory.weights},
                   {"gradient_bytes", memory.gradients},
                   {"optimizer_bytes", memory.optimizer},
                   {"train_arena_bytes", memory.train_arena},
                   {"kept_arena_bytes", memory.kept_arena},
                   {"infer_arena_bytes", memory.infer_arena},
                   {"train_largest", json_of(memory.train_largest)},
                   {"infer_largest", json_of(memory.infer_largest)}};
  return json_text(out);
}

std::string ModelSummary::csv() const {
  const std::vector<std::string> titles = {
      "name",        "type",          "settings",    "inputs",
      "output",      "parameters",    "macs",        "activation_bytes",
      "field_rows",  "field_columns", "jump_rows",   "jump_columns",
      "whole_field", "field_slices",  "jump_slices", "activations"};
  std::string text = csv_line(titles);
  for (const LayerSummary& layer : layers) {
    const ReceptiveField& field = layer.field;
    const std::vector<std::string> cells = {layer.name,
                                            layer.type,
                                            layer.settings,
                                            join(layer.inputs, " "),
                                            volume_text(layer.output, layer.items),
                                            std::to_string(layer.parameters),
                                            std::to_string(layer.macs),
                                            std::to_string(layer.activation_bytes),
                                            csv_number(field.rows.size),
                                            csv_number(field.columns.size),
                                            csv_number(field.rows.jump),
                                            csv_number(field.columns.jump),
                                            field.is_whole ? "true" : "false",
                                            csv_number(field.slices.size),
                                            csv_number(field.slices.jump),
                                            std::to_string(layer.activations)};
    text += csv_line(cells);
  }
  return text;
}

std::string ModelSummary::dot() const { return DotWriter(*this).str(); }

std::string comparison_csv(const std::vector<ModelSummary>& models) {
  const std::vector<std::string> titles = {"name",       "layers",      "parameters",
                                           "trainable",  "macs",        "weight_bytes",
                                           "batch_size", "train_bytes", "infer_bytes"};
  std::string text = csv_line(titles);
  for (const ModelSummary& model : models) {
    const std::vector<std::string> cells = {model.name,
                                            std::to_string(model.layer_count()),
                                            std::to_string(model.parameters),
                                            std::to_string(model.trainable),
                                            std::to_string(model.macs),
                                            std::to_string(model.memory.weights),
                                            std::to_string(model.memory.batch_size),
                                            std::to_string(model.memory.train_bytes()),
                                            std::to_string(model.memory.infer_bytes())};
    text += csv_line(cells);
  }
  return text;
}

}  // namespace cnn

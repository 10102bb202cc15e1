// Summaries for people: the tree of layers, totals, notes; several networks side by side.

#include <algorithm>
#include <optional>

#include "base/table.h"
#include "base/text.h"
#include "train/summary.h"

namespace cnn {
namespace {

using Align = Table::Align;

// "6x28x28"; "?" for no axes.
std::string volume_of(const Shape& shape) {
  std::vector<std::string> sizes;
  for (int axis = 0; axis < shape.rank(); ++axis) sizes.push_back(std::to_string(shape[axis]));
  return sizes.empty() ? "scalar" : join(sizes, "x");
}

std::string count_or_nothing(int64_t n) { return n == 0 ? "" : with_commas(n); }
std::string short_count(int64_t n) { return n == 0 ? "" : human_count(static_cast<double>(n)); }

// 7, or 7x5 where rows and columns differ.
std::string by_axes(double rows, double columns) {
  return rows == columns ? fmt::format("{}", rows) : fmt::format("{}x{}", rows, columns);
}

// One line of the tree: a layer, or a block that is opened below it or stands for its layers.
struct Line {
  size_t depth = 0;
  std::string label;
  bool is_open_block = false;
  bool is_collapsed = false;
  const LayerSummary* layer = nullptr;  // whose output this is; null for an open block
  std::string operation;
  std::string brief;  // the operation for narrow terminals
  std::string inputs;
  int64_t parameters = 0;
  int64_t macs = 0;
  uint64_t activation_bytes = 0;
  int64_t layers = 0;
};

class Tree {
 public:
  Tree(const ModelSummary& summary, int depth) : depth_(depth) {
    if (!summary.inputs.empty()) previous_ = summary.inputs.front().first;
    for (const LayerSummary& layer : summary.layers) add(layer);
    for (Line& line : lines_) {
      if (!line.is_collapsed) continue;
      const std::string count = fmt::format("{} layers", line.layers);
      line.operation = line.layers == 1 ? line.layer->operation : count;
      line.brief = line.layers == 1 ? line.layer->brief : count;
    }
  }

  const std::vector<Line>& lines() const { return lines_; }

  // "│  └─ " before the label of line `i`.
  std::string branch(size_t i, bool is_utf8) const {
    std::string text;
    for (size_t level = 1; level <= lines_[i].depth; ++level) {
      const bool goes_on = has_sibling_below(i, level);
      if (level == lines_[i].depth) {
        text += is_utf8 ? (goes_on ? "├─ " : "└─ ") : (goes_on ? "|- " : "`- ");
      } else {
        text += goes_on ? (is_utf8 ? "│  " : "|  ") : "   ";
      }
    }
    return text;
  }

 private:
  // True if another line of that level follows before the tree returns above it.
  bool has_sibling_below(size_t i, size_t level) const {
    for (size_t k = i + 1; k < lines_.size(); ++k) {
      if (lines_[k].depth < level) return false;
      if (lines_[k].depth == level) return true;
    }
    return false;
  }

  void add(const LayerSummary& layer) {
    std::vector<std::string> path = split(layer.name, '.');
    if (layer.is_folded && !lines_.empty() && lines_.back().layer &&
        lines_.back().layer->name == layer.inputs[0]) {
      fold(layer);
      return;
    }
    if (path.size() <= open_.size() && std::equal(path.begin(), path.end(), open_.begin())) {
      // A join that has the name of the block that its branches make: the block's last line.
      if (is_collapsed_ && path == open_) return add_to_collapsed(layer, path);
      open_ = path;
      is_collapsed_ = false;
      return add_line(layer, path.size(), "(" + layer.type + ")");
    }
    const size_t limit = depth_ > 0 ? static_cast<size_t>(depth_) : path.size();
    if (path.size() > limit) {
      path.resize(limit);
      return add_to_collapsed(layer, path);
    }
    const std::string label = path.back();
    path.pop_back();
    open(path);
    add_line(layer, path.size(), label);
  }

  // Lines for the blocks of `path` that are not open yet.
  void open(const std::vector<std::string>& path) {
    const size_t parents = open_.size() - (is_collapsed_ ? 1 : 0);  // itself it is no parent
    size_t shared = 0;
    while (shared < parents && shared < path.size() && open_[shared] == path[shared]) ++shared;
    for (; shared < path.size(); ++shared) {
      Line line;
      line.depth = shared;
      line.label = path[shared];
      line.is_open_block = true;
      lines_.push_back(std::move(line));
    }
    open_ = path;
    is_collapsed_ = false;
  }

  void add_to_collapsed(const LayerSummary& layer, const std::vector<std::string>& path) {
    if (!is_collapsed_ || open_ != path) {
      std::vector<std::string> parents = path;
      parents.pop_back();
      open(parents);
      add_line(layer, parents.size(), path.back());
      lines_.back().is_collapsed = true;
      open_ = path;
      is_collapsed_ = true;
      return;
    }
    accumulate(lines_.back(), layer);
    lines_.back().layer = &layer;
  }

  static void accumulate(Line& line, const LayerSummary& layer) {
    line.parameters += layer.parameters;
    line.macs += layer.macs;
    line.activation_bytes += layer.activation_bytes;
    line.layers += 1;
  }

  // An activation on its layer's line.
  void fold(const LayerSummary& layer) {
    Line& line = lines_.back();
    accumulate(line, layer);
    line.layer = &layer;
    line.operation += " + " + layer.operation;
    line.brief += " + " + layer.brief;
    previous_ = layer.name;
  }

  void add_line(const LayerSummary& layer, size_t depth, std::string label) {
    Line line;
    line.depth = depth;
    line.label = std::move(label);
    line.layer = &layer;
    line.operation = layer.operation;
    line.brief = layer.brief;
    const bool follows = layer.inputs.size() == 1 && layer.inputs[0] == previous_;
    if (!follows) line.inputs = inputs_of(layer);
    accumulate(line, layer);
    previous_ = layer.name;
    lines_.push_back(std::move(line));
  }

  // The names as they are seen from the layer's own block, without the ".act" of folded ones.
  static std::string inputs_of(const LayerSummary& layer) {
    const size_t dot = layer.name.rfind('.');
    const std::string block = dot == std::string::npos ? "" : layer.name.substr(0, dot + 1);
    std::vector<std::string> names;
    for (std::string name : layer.inputs) {
      if (!block.empty() && name.starts_with(block)) name.erase(0, block.size());
      if (name.ends_with(".act")) name.erase(name.size() - 4);
      names.push_back(name);
    }
    return join(names, ", ");
  }

  int depth_;
  std::vector<Line> lines_;
  std::vector<std::string> open_;  // the block that the last line stands in, or is
  bool is_collapsed_ = false;      // it is
  std::string previous_;           // the last layer's name
};

enum class Part {
  kName,
  kOperation,
  kBrief,
  kInputs,
  kOutput,
  kParameters,
  kMacs,
  kShortMacs,
  kMemory,
  kField,
  kJump
};

Table::Column column_of(Part part) {
  switch (part) {
    case Part::kName:
      return {"layer", Align::kLeft};
    case Part::kOperation:
    case Part::kBrief:
      return {"operation", Align::kLeft};
    case Part::kInputs:
      return {"from", Align::kLeft};
    case Part::kOutput:
      return {"output", Align::kRight};
    case Part::kParameters:
      return {"parameters", Align::kRight};
    case Part::kMacs:
    case Part::kShortMacs:
      return {"MACs", Align::kRight};
    case Part::kMemory:
      return {"memory", Align::kRight};
    case Part::kField:
      return {"field", Align::kRight};
    case Part::kJump:
      break;
  }
  return {"jump", Align::kRight};
}

using Parts = std::vector<Part>;

// What is shown, from wide terminals to narrow ones.
const std::vector<Parts>& layouts() {
  using enum Part;
  static const std::vector<Parts> kLayouts = {
      {kName, kOperation, kInputs, kOutput, kParameters, kMacs, kMemory, kField, kJump},
      {kName, kOperation, kInputs, kOutput, kParameters, kShortMacs, kMemory, kField, kJump},
      {kName, kBrief, kInputs, kOutput, kParameters, kShortMacs, kMemory, kField, kJump},
      {kName, kOperation, kOutput, kParameters, kMacs, kMemory, kField, kJump},
      {kName, kBrief, kOutput, kParameters, kMacs, kMemory, kField, kJump},
      {kName, kBrief, kOutput, kParameters, kShortMacs, kMemory, kField, kJump},
      {kName, kBrief, kOutput, kParameters, kShortMacs, kField, kJump},
      {kName, kBrief, kOutput, kParameters, kShortMacs, kField},
      {kName, kBrief, kOutput, kParameters, kShortMacs},
      {kName, kOutput, kParameters, kShortMacs},
      {kName, kOutput, kParameters}};
  return kLayouts;
}

class LayerTable {
 public:
  LayerTable(const ModelSummary& summary, const TableStyle& style)
      : summary_(summary), style_(style), tree_(summary, style.depth) {}

  std::string str() const {
    const std::vector<Parts>& all = layouts();
    for (size_t i = 0; i < all.size(); ++i) {
      const Table table = drawn(all[i]);
      if (table.width() > style_.columns && i + 1 < all.size()) continue;
      return table.str(style_.is_utf8, style_.color) + legend(all[i]);
    }
    return "";
  }

 private:
  Table drawn(const Parts& layout) const {
    Parts parts = layout;
    if (summary_.memory.batch_size == 0) std::erase(parts, Part::kMemory);
    if (!has_inputs()) std::erase(parts, Part::kInputs);
    std::vector<Table::Column> columns;
    for (const Part part : parts) columns.push_back(column_of(part));
    Table table(columns);
    for (const auto& [name, shape] : summary_.inputs) table.add(cells_of_input(parts, name, shape));
    for (size_t i = 0; i < tree_.lines().size(); ++i) {
      const Line& line = tree_.lines()[i];
      std::vector<std::string> cells;
      for (const Part part : parts) cells.push_back(cell(part, i));
      table.add(std::move(cells), line.is_open_block && line.depth == 0 ? Table::Weight::kBold
                                                                        : Table::Weight::kPlain);
    }
    if (!summary_.is_partial) {
      table.add_rule();
      table.add(totals(parts), Table::Weight::kBold);
    }
    return table;
  }

  bool has_inputs() const {
    return std::any_of(tree_.lines().begin(), tree_.lines().end(),
                       [](const Line& line) { return !line.inputs.empty(); });
  }

  static std::vector<std::string> cells_of_input(const Parts& parts, const std::string& name,
                                                 const Shape& shape) {
    std::vector<std::string> cells;
    for (const Part part : parts) {
      cells.push_back(part == Part::kName                                ? name
                      : part == Part::kOperation || part == Part::kBrief ? "input"
                      : part == Part::kOutput                            ? volume_of(shape)
                                                                         : "");
    }
    return cells;
  }

  std::string cell(Part part, size_t i) const {
    const Line& line = tree_.lines()[i];
    if (part == Part::kName) return tree_.branch(i, style_.is_utf8) + line.label;
    if (!line.layer) return "";
    const ReceptiveField& field = line.layer->field;
    switch (part) {
      case Part::kOperation:
        return line.operation;
      case Part::kBrief:
        return line.brief;
      case Part::kInputs:
        return line.inputs;
      case Part::kOutput:
        return volume_of(line.layer->output);
      case Part::kParameters:
        return count_or_nothing(line.parameters);
      case Part::kMacs:
        return count_or_nothing(line.macs);
      case Part::kShortMacs:
        return short_count(line.macs);
      case Part::kMemory:
        return line.activation_bytes == 0 ? "" : human_bytes(line.activation_bytes);
      case Part::kField:
        return field.is_whole ? "all" : by_axes(field.rows.size, field.columns.size);
      case Part::kJump:
        return field.is_whole ? "" : by_axes(field.rows.jump, field.columns.jump);
      case Part::kName:
        break;
    }
    return "";
  }

  std::vector<std::string> totals(const Parts& parts) const {
    int64_t parameters = 0;
    for (const LayerSummary& layer : summary_.layers) parameters += layer.parameters;
    std::vector<std::string> cells;
    for (const Part part : parts) {
      cells.push_back(part == Part::kName         ? "total"
                      : part == Part::kParameters ? count_or_nothing(parameters)
                      : part == Part::kMacs       ? count_or_nothing(summary_.macs)
                      : part == Part::kShortMacs  ? short_count(summary_.macs)
                                                  : "");
    }
    return cells;
  }

  // What the titles mean, and what a wider terminal would show beside.
  std::string legend(const Parts& shown) const {
    const auto is_shown = [&](Part part) {
      return std::find(shown.begin(), shown.end(), part) != shown.end();
    };
    std::vector<std::string> meanings;
    const bool has_memory = summary_.memory.batch_size > 0;
    if (is_shown(Part::kMemory) && has_memory) {
      meanings.push_back(fmt::format("memory: of outputs at batch size {}",  //
                                     summary_.memory.batch_size));
    }
    if (is_shown(Part::kField)) meanings.emplace_back("field: receptive field in input pixels");
    if (is_shown(Part::kJump)) meanings.emplace_back("jump: its stride");
    std::vector<std::string> missing;
    if (!is_shown(Part::kOperation) && !is_shown(Part::kBrief)) missing.emplace_back("operations");
    if (!is_shown(Part::kInputs) && has_inputs()) missing.emplace_back("inputs");
    if (!is_shown(Part::kMemory) && has_memory) missing.emplace_back("memory");
    if (!is_shown(Part::kField)) missing.emplace_back("receptive fields");
    if (!missing.empty()) missing[0] = "wider terminals add " + missing[0];
    meanings.insert(meanings.end(), missing.begin(), missing.end());
    return wrapped("", meanings, 0, style_.columns);
  }

  const ModelSummary& summary_;
  const TableStyle& style_;
  const Tree tree_;
};

// One of the lines under the table: "parameters    61,706 ...".
std::string fact(const char* label, const std::vector<std::string>& parts,
                 const TableStyle& style) {
  constexpr int kIndent = 12;
  return wrapped(label, parts, kIndent, style.columns);
}

std::string parameter_facts(const ModelSummary& s, const TableStyle& style) {
  std::vector<std::string> parts = {with_commas(s.parameters)};
  const int64_t frozen = s.parameters - s.trainable;
  if (frozen == 0) {
    parts.push_back("all trainable");
  } else {
    parts.push_back(with_commas(s.trainable) + " trainable");
    parts.push_back(with_commas(frozen) + " frozen");
  }
  if (s.training_only() > 0) parts.push_back(with_commas(s.training_only()) + " in training only");
  std::string text = fact("parameters", parts, style);
  return text + fact("weights", {human_bytes(s.memory.weights)}, style);
}

std::vector<std::string> tenant_texts(const std::vector<MemoryPlan::Tenant>& tenants) {
  constexpr size_t kShown = 3;
  std::vector<std::string> texts;
  for (size_t i = 0; i < std::min(tenants.size(), kShown); ++i) {
    texts.push_back(fmt::format("{} {}", tenants[i].name, human_bytes(tenants[i].bytes)));
  }
  return texts;
}

std::string memory_facts(const MemorySummary& m, const TableStyle& style) {
  const std::string batch = fmt::format(" at batch size {}", m.batch_size);
  std::vector<std::string> training = {
      human_bytes(m.train_bytes()) + batch,
      fmt::format("of it {} activations and scratch", human_bytes(m.train_arena)),
      human_bytes(m.weights) + " weights", human_bytes(m.gradients) + " gradients"};
  if (m.optimizer > 0) training.push_back(human_bytes(m.optimizer) + " optimizer");
  std::string text = fact("training", training, style);
  text += fact("  largest", tenant_texts(m.train_largest), style);
  text += fact("inference",
               {human_bytes(m.infer_bytes()) + batch,
                fmt::format("of it {} activations and scratch", human_bytes(m.infer_arena))},
               style);
  return text + fact("  largest", tenant_texts(m.infer_largest), style);
}

std::string note_lines(const ModelSummary& s, const TableStyle& style) {
  std::string text;
  for (const std::string& note : s.notes()) {
    std::vector<std::string> parts;
    for (std::string& part : split(note, ',')) {
      if (part.starts_with(' ')) part.erase(0, 1);
      parts.push_back(std::move(part));
    }
    text += fact("note", parts, style);
  }
  return text;
}

}  // namespace

std::string ModelSummary::table(const TableStyle& style) const {
  std::string text = style.color ? "\x1b[1m" + name + "\x1b[0m\n\n" : name + "\n\n";
  text += LayerTable(*this, style).str();
  if (is_partial) return text + "\n";
  text += "\n" + parameter_facts(*this, style);
  text += fact(
      "MACs",
      {fmt::format("{} a sample = {}FLOPs", with_commas(macs),
                   human_count(2.0 * static_cast<double>(macs)) + (macs * 2 < 1000 ? " " : ""))},
      style);
  text += memory_facts(memory, style);
  const std::string left = note_lines(*this, style);
  return left.empty() ? text : text + "\n" + left;
}

std::string comparison_table(const std::vector<ModelSummary>& models, const TableStyle& style) {
  // Exact MACs where there is room, and no more than fits.
  for (int level = 0;; ++level) {
    std::vector<Table::Column> columns = {{"network", Align::kLeft}};
    if (level < 2) columns.push_back({"input", Align::kRight});
    if (level < 3) columns.push_back({"layers", Align::kRight});
    columns.push_back({"parameters", Align::kRight});
    columns.push_back({"weights", Align::kRight});
    columns.push_back({"MACs", Align::kRight});
    columns.push_back({"batch", Align::kRight});
    columns.push_back({"training", Align::kRight});
    columns.push_back({"inference", Align::kRight});
    Table table(columns);
    for (const ModelSummary& model : models) {
      std::vector<std::string> cells = {model.name};
      std::vector<std::string> inputs;
      for (const auto& [name, shape] : model.inputs) inputs.push_back(volume_of(shape));
      const auto weighted = std::count_if(model.layers.begin(), model.layers.end(),
                                          [](const LayerSummary& layer) { return layer.macs > 0; });
      if (level < 2) cells.push_back(join(inputs, ", "));
      if (level < 3) cells.push_back(std::to_string(weighted));
      cells.push_back(with_commas(model.parameters));
      cells.push_back(human_bytes(model.memory.weights));
      cells.push_back(level == 0 ? with_commas(model.macs) : short_count(model.macs));
      cells.push_back(std::to_string(model.memory.batch_size));
      cells.push_back(human_bytes(model.memory.train_bytes()));
      cells.push_back(human_bytes(model.memory.infer_bytes()));
      table.add(std::move(cells));
    }
    if (table.width() > style.columns && level < 3) continue;
    return table.str(style.is_utf8, style.color) +
           "layers: those with multiply-adds; training, inference: planned memory\n";
  }
}

}  // namespace cnn

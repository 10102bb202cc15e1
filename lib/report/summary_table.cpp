// Summaries for people: the tree of layers, totals, notes; several networks side by side.

#include <algorithm>

#include "base/table.h"
#include "base/text.h"
#include "report/summary.h"
#include "report/summary_tree.h"

namespace cnn {
namespace {

using Align = Table::Align;

std::string count_or_nothing(int64_t n) { return n == 0 ? "" : with_commas(n); }
std::string short_count(int64_t n) { return n == 0 ? "" : human_count(static_cast<double>(n)); }

// 7, or 7x5 where rows and columns differ; of volumes 3x7x7 where any two differ.
std::string by_axes(bool is_volume, double slices, double rows, double columns) {
  if (rows == columns && (!is_volume || slices == rows)) return fmt::format("{}", rows);
  const std::string plane = fmt::format("{}x{}", rows, columns);
  return is_volume ? fmt::format("{}x{}", slices, plane) : plane;
}

enum class Part {
  kName,
  kOperation,
  kBrief,
  kInputs,
  kOutput,
  kActivations,
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
    case Part::kActivations:
      return {"#act", Align::kRight};
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
      {kName, kOperation, kInputs, kOutput, kActivations, kParameters, kMacs, kMemory, kField,
       kJump},
      {kName, kOperation, kInputs, kOutput, kActivations, kParameters, kShortMacs, kMemory, kField,
       kJump},
      {kName, kBrief, kInputs, kOutput, kActivations, kParameters, kShortMacs, kMemory, kField,
       kJump},
      {kName, kOperation, kOutput, kActivations, kParameters, kMacs, kMemory, kField, kJump},
      {kName, kBrief, kOutput, kActivations, kParameters, kMacs, kMemory, kField, kJump},
      {kName, kBrief, kOutput, kActivations, kParameters, kShortMacs, kMemory, kField, kJump},
      {kName, kBrief, kOutput, kActivations, kParameters, kShortMacs, kField, kJump},
      {kName, kBrief, kOutput, kActivations, kParameters, kShortMacs, kField},
      {kName, kBrief, kOutput, kActivations, kParameters, kShortMacs},
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
    for (const auto& input : summary_.inputs) table.add(cells_of_input(parts, input));
    for (size_t i = 0; i < tree_.lines().size(); ++i) {
      const SummaryLine& line = tree_.lines()[i];
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
                       [](const SummaryLine& line) { return !line.inputs.empty(); });
  }

  static std::vector<std::string> cells_of_input(const Parts& parts,
                                                 const ModelSummary::Input& input) {
    std::vector<std::string> cells;
    for (const Part part : parts) {
      const bool is_operation = part == Part::kOperation || part == Part::kBrief;
      cells.push_back(part == Part::kName     ? input.name
                      : is_operation          ? "input"
                      : part == Part::kOutput ? volume_text(input.shape, input.items)
                                              : "");
    }
    return cells;
  }

  std::string cell(Part part, size_t i) const {
    const SummaryLine& line = tree_.lines()[i];
    if (part == Part::kName) return tree_.branch(i, style_.is_utf8) + line.label;
    if (!line.layer) return "";
    const ReceptiveField& field = line.layer->field;
    const bool is_volume = line.layer->output.is_volume();
    switch (part) {
      case Part::kOperation:
        return line.operation;
      case Part::kBrief:
        return line.brief;
      case Part::kInputs:
        return line.inputs;
      case Part::kOutput:
        return volume_text(line.layer->output, line.layer->items);
      case Part::kActivations:
        return count_or_nothing(line.activations);
      case Part::kParameters:
        return count_or_nothing(line.parameters);
      case Part::kMacs:
        return count_or_nothing(line.macs);
      case Part::kShortMacs:
        return short_count(line.macs);
      case Part::kMemory:
        return line.activation_bytes == 0 ? "" : human_bytes(line.activation_bytes);
      case Part::kField:
        return field.is_whole
                   ? "all"
                   : by_axes(is_volume, field.slices.size, field.rows.size, field.columns.size);
      case Part::kJump:
        return field.is_whole
                   ? ""
                   : by_axes(is_volume, field.slices.jump, field.rows.jump, field.columns.jump);
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
      cells.push_back(part == Part::kName          ? "total"
                      : part == Part::kActivations ? count_or_nothing(summary_.activations())
                      : part == Part::kParameters  ? count_or_nothing(parameters)
                      : part == Part::kMacs        ? count_or_nothing(summary_.macs)
                      : part == Part::kShortMacs   ? short_count(summary_.macs)
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
      meanings.push_back(
          fmt::format("memory: that training keeps at batch size {}", summary_.memory.batch_size));
    }
    if (is_shown(Part::kActivations)) meanings.emplace_back("#act: numbers a sample");
    if (is_shown(Part::kField)) meanings.emplace_back("field: receptive field in input pixels");
    if (is_shown(Part::kJump)) meanings.emplace_back("jump: its stride");
    std::vector<std::string> missing;
    if (!is_shown(Part::kOperation) && !is_shown(Part::kBrief)) missing.emplace_back("operations");
    if (!is_shown(Part::kInputs) && has_inputs()) missing.emplace_back("inputs");
    if (!is_shown(Part::kActivations)) missing.emplace_back("activations");
    if (!is_shown(Part::kMemory) && has_memory) missing.emplace_back("memory");
    if (!is_shown(Part::kField)) missing.emplace_back("receptive fields");
    if (!missing.empty()) missing[0] = "wider terminals add " + missing[0];
    meanings.insert(meanings.end(), missing.begin(), missing.end());
    return wrapped("", meanings, 0, style_.columns);
  }

  const ModelSummary& summary_;
  const TableStyle& style_;
  const SummaryTree tree_;
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
  const std::string without =
      m.kept_arena > 0 ? fmt::format(" ({} without 'recompute')", human_bytes(m.kept_arena)) : "";
  std::vector<std::string> training = {
      human_bytes(m.train_bytes()) + batch,
      fmt::format("of it {} activations and scratch", human_bytes(m.train_arena)) + without,
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

// What a comparison shows, from wide terminals to narrow ones.
struct ComparisonLevel {
  bool exact_macs, input, layers;
};
constexpr ComparisonLevel kComparisons[] = {
    {true, true, true}, {false, true, true}, {false, false, true}, {false, false, false}};

std::vector<std::string> comparison_cells(const ModelSummary& model, const ComparisonLevel& level) {
  std::vector<std::string> inputs;
  for (const auto& input : model.inputs) {
    inputs.push_back(volume_text(input.shape, input.items));
  }
  std::vector<std::string> cells = {model.name};
  if (level.input) cells.push_back(join(inputs, ", "));
  if (level.layers) cells.push_back(std::to_string(model.layer_count()));
  cells.push_back(with_commas(model.parameters));
  cells.push_back(human_bytes(model.memory.weights));
  cells.push_back(level.exact_macs ? with_commas(model.macs) : short_count(model.macs));
  cells.push_back(std::to_string(model.memory.batch_size));
  cells.push_back(human_bytes(model.memory.train_bytes()));
  cells.push_back(human_bytes(model.memory.infer_bytes()));
  return cells;
}

Table comparison(const std::vector<ModelSummary>& models, const ComparisonLevel& level) {
  std::vector<Table::Column> columns = {{"network", Align::kLeft}};
  if (level.input) columns.push_back({"input", Align::kRight});
  if (level.layers) columns.push_back({"layers", Align::kRight});
  for (const char* title : {"parameters", "weights", "MACs", "batch", "training", "inference"}) {
    columns.push_back({title, Align::kRight});
  }
  Table table(columns);
  for (const ModelSummary& model : models) table.add(comparison_cells(model, level));
  return table;
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
  text += fact("activations", {with_commas(activations()) + " a sample"}, style);
  if (depth > 0) {
    text += fact("depth", {counted(depth, "weight layer") + " on the longest path"}, style);
  }
  text += memory_facts(memory, style);
  const std::string left = note_lines(*this, style);
  return left.empty() ? text : text + "\n" + left;
}

std::string ModelSummary::explanation() const {
  std::string text = name + "\n";
  const auto add = [&](const char* what, const std::string& arithmetic) {
    if (!arithmetic.empty()) text += fmt::format("  {:<12} {}\n", what, arithmetic);
  };
  for (const LayerSummary& layer : layers) {
    const LayerArithmetic& a = layer.arithmetic;
    const bool has_any =
        !a.size.empty() || !a.parameters.empty() || !a.macs.empty() || !layer.changes_values_only;
    if (!has_any) continue;
    text += fmt::format("\n{}: {} -> {}\n", layer.name, layer.operation,
                        volume_text(layer.output, layer.items));
    add("size", a.size);
    add("activations", a.activations);
    add("parameters", a.parameters);
    add("MACs", a.macs);
  }
  const std::string unlisted = training_only() > 0 ? fmt::format(" (of these {} in training only)",
                                                                 with_commas(training_only()))
                                                   : "";
  text +=
      fmt::format("\nall together: {} activations, {} parameters{}, {} MACs a sample\n",
                  with_commas(activations()), with_commas(parameters), unlisted, with_commas(macs));
  return text;
}

std::string comparison_table(const std::vector<ModelSummary>& models, const TableStyle& style) {
  const ComparisonLevel* level = std::begin(kComparisons);
  while (level + 1 != std::end(kComparisons) &&
         comparison(models, *level).width() > style.columns) {
    ++level;
  }
  const std::string layers = level->layers ? "layers: those with multiply-adds; " : "";
  return comparison(models, *level).str(style.is_utf8, style.color) + layers +
         "training, inference: planned memory\n";
}

}  // namespace cnn

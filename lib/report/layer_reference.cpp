#include "report/layer_reference.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "layers/catalog.h"
#include "report/reference_text.h"

namespace cnn {
namespace {

std::vector<OptionRow> option_rows(const LayerType& type) {
  const std::unique_ptr<Layer> layer = type.make();
  Options options;
  layer->options(options);
  return option_rows(options, type.name);
}

std::string inputs_text(const LayerType& type) {
  switch (type.inputs) {
    case LayerType::Inputs::kPrevious:
      return "";
    case LayerType::Inputs::kBranches:
      return fmt::format(
          "The value after `{}:` lists its inputs: names, and branches (lists or a "
          "map of named ones; [] is the identity).",
          type.name);
    case LayerType::Inputs::kNames:
      return fmt::format("The value after `{}:` names its input{}.", type.name,
                         type.max_inputs > 1 ? "s" : "");
  }
  return "";
}

// Cells must not end early.
std::string cell(std::string_view text) {
  std::string escaped_text;
  for (const char c : text) {
    if (c == '|') escaped_text += '\\';
    escaped_text += c;
  }
  return escaped_text;
}

// Markdown paragraphs; a '*' stands for itself.
std::string paragraphs(std::string_view text) {
  std::string plain, lines;
  for (const char c : text) {
    if (c == '*') plain += '\\';
    plain += c;
  }
  for (const std::string& paragraph : split(plain, '\n')) lines += wrapped(paragraph, "") + "\n";
  return lines;
}

std::string capitalised(std::string text) {
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

std::string markdown_of(const LayerType& type) {
  std::string text = fmt::format("### {}\n\n{}.\n\n```yaml\n{}\n```\n\n", type.name,
                                 capitalised(type.summary), type.example);
  const std::vector<OptionRow> rows = option_rows(type);
  if (!rows.empty()) {
    text += "| option | type | default | meaning |\n|---|---|---|---|\n";
    for (const OptionRow& row : rows) {
      text += fmt::format("| `{}` | {} | {} | {} |\n", row.name, cell(row.type),
                          row.fallback == "required" || row.fallback == "none"
                              ? row.fallback
                              : "`" + cell(row.fallback) + "`",
                          cell(row.meaning));
    }
    text += "\n";
  }
  if (const std::string inputs = inputs_text(type); !inputs.empty()) text += paragraphs(inputs);
  return text + paragraphs(type.details);
}

}  // namespace

std::string layer_help(const LayerType& type) {
  std::string text =
      fmt::format("{}: {}\n\nExamples:\n{}", type.name, type.summary, indented(type.example, "  "));
  const std::vector<OptionRow> rows = option_rows(type);
  if (!rows.empty()) text += "\nOptions:\n" + without_ticks(option_table(rows));
  text += "\n";
  if (const std::string inputs = inputs_text(type); !inputs.empty()) {
    text += without_ticks(wrapped(inputs, ""));
  }
  return text + without_ticks(wrapped(type.details, ""));
}

std::string layer_reference_markdown() {
  const struct {
    LayerType::Role role;
    const char* title;
  } kSections[] = {
      {LayerType::Role::kLayer, "Layers"},
      {LayerType::Role::kActivation, "Activations"},
      {LayerType::Role::kLoss, "Losses"},
  };
  std::string text;
  for (const auto& section : kSections) {
    text += fmt::format("## {}\n\n", section.title);
    for (const LayerType* type : layer_types()) {
      if (type->role == section.role) text += markdown_of(*type);
    }
  }
  while (text.ends_with("\n\n")) text.pop_back();
  return text;
}

}  // namespace cnn

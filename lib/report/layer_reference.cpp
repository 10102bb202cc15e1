#include "report/layer_reference.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "layers/catalog.h"
#include "layers/initializer.h"

namespace cnn {
namespace {

constexpr size_t kTextWidth = 88;

// Text broken into lines between words; '\n' ends a paragraph.
std::string wrapped(std::string_view text, std::string_view indent) {
  std::string lines;
  for (const std::string& paragraph : split(text, '\n')) {
    std::string line(indent);
    for (const std::string& word : split(paragraph, ' ')) {
      if (line.size() > indent.size() && line.size() + 1 + word.size() > kTextWidth) {
        lines += line + "\n";
        line = indent;
      }
      if (line.size() > indent.size()) line += ' ';
      line += word;
    }
    lines += line + "\n";
  }
  return lines;
}

std::string indented(std::string_view text, std::string_view indent) {
  std::string lines;
  for (const std::string& line : split(text, '\n')) lines += std::string(indent) + line + "\n";
  return lines;
}

// One option, in words.
struct Row {
  std::string name, type, fallback, meaning;
};

std::string type_text(const Option& option) {
  if (option.is_reference) return "name of a field or layer";
  if (option.minimum && option.maximum) {
    return fmt::format("{}, {} to {}", option.type, *option.minimum, *option.maximum);
  }
  if (option.minimum) return fmt::format("{}, at least {}", option.type, *option.minimum);
  if (option.maximum) return fmt::format("{}, at most {}", option.type, *option.maximum);
  return option.type;
}

std::string fallback_text(const Option& option) {
  if (option.is_required) return "required";
  const std::string text = split(option.default_text, '\n').front();
  return text.empty() || text == "~" || text == "null" || text == "[]" ? "none" : text;
}

std::vector<Row> option_rows(const LayerType& type) {
  const std::unique_ptr<Layer> layer = type.make();
  Options options;
  layer->options(options);
  std::vector<Row> rows;
  for (const Option& o : options.table()) {
    const std::string which =
        o.is_primary ? fmt::format(" (the value after `{}:`)", type.name) : std::string();
    rows.push_back({o.name, type_text(o), fallback_text(o), o.help + which});
  }
  return rows;
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

// Aligned columns; the meaning continues below itself.
std::string option_table(const std::vector<Row>& rows) {
  size_t name = 0, type = 0, fallback = 0;
  for (const Row& row : rows) {
    name = std::max(name, row.name.size());
    type = std::max(type, row.type.size());
    fallback = std::max(fallback, row.fallback.size());
  }
  std::string text;
  for (const Row& row : rows) {
    text += fmt::format("  {:<{}}  {:<{}}  {:<{}}  {}\n", row.name, name, row.type, type,
                        row.fallback, fallback, row.meaning);
  }
  return text;
}

std::string without_ticks(std::string text) {
  std::erase(text, '`');
  return text;
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
  const std::vector<Row> rows = option_rows(type);
  if (!rows.empty()) {
    text += "| option | type | default | meaning |\n|---|---|---|---|\n";
    for (const Row& row : rows) {
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
  const std::vector<Row> rows = option_rows(type);
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

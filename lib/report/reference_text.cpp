#include "report/reference_text.h"

#include <algorithm>

#include "base/text.h"

namespace cnn {
namespace {

constexpr size_t kTextWidth = 88;

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

}  // namespace

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

std::vector<OptionRow> option_rows(const Options& options, std::string_view op) {
  std::vector<OptionRow> rows;
  for (const Option& o : options.table()) {
    const std::string which =
        o.is_primary && !op.empty() ? fmt::format(" (the value after `{}:`)", op) : std::string();
    rows.push_back({o.name, type_text(o), fallback_text(o), o.help + which});
  }
  return rows;
}

std::string option_table(const std::vector<OptionRow>& rows, std::string_view indent) {
  size_t name = 0, type = 0, fallback = 0;
  for (const OptionRow& row : rows) {
    name = std::max(name, row.name.size());
    type = std::max(type, row.type.size());
    fallback = std::max(fallback, row.fallback.size());
  }
  std::string text;
  for (const OptionRow& row : rows) {
    text += fmt::format("{}{:<{}}  {:<{}}  {:<{}}  {}\n", indent, row.name, name, row.type, type,
                        row.fallback, fallback, row.meaning);
  }
  return text;
}

std::string without_ticks(std::string text) {
  std::erase(text, '`');
  return text;
}

}  // namespace cnn

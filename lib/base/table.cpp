#include "base/table.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace cnn {
namespace {

constexpr int kGap = 2;  // blanks between columns

std::string blanks(int count) { return std::string(static_cast<size_t>(std::max(count, 0)), ' '); }

}  // namespace

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {
  for (const Column& column : columns_) widths_.push_back(display_width(column.title));
}

void Table::add(std::vector<std::string> cells, Weight weight) {
  CNN_ASSERT(cells.size() == columns_.size());
  for (size_t i = 0; i < cells.size(); ++i) {
    widths_[i] = std::max(widths_[i], display_width(cells[i]));
  }
  rows_.push_back({std::move(cells), weight});
}

void Table::add_rule() { rows_.emplace_back(); }

int Table::width() const {
  int sum = kGap * (static_cast<int>(widths_.size()) - 1);
  for (const int width : widths_) sum += width;
  return sum;
}

std::string Table::line_of(const Row& row) const {
  std::string line;
  for (size_t i = 0; i < row.cells.size(); ++i) {
    const std::string fill = blanks(widths_[i] - display_width(row.cells[i]));
    line += i == 0 ? "" : blanks(kGap);
    line += columns_[i].align == Align::kRight ? fill + row.cells[i] : row.cells[i] + fill;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string Table::str(bool is_utf8, bool color) const {
  std::string rule;
  for (int i = 0; i < width(); ++i) rule += is_utf8 ? "─" : "-";
  Row titles;
  for (const Column& column : columns_) titles.cells.push_back(column.title);
  titles.weight = Weight::kBold;
  const auto styled = [&](const Row& row) {
    if (row.cells.empty()) return rule + "\n";
    const bool is_bold = color && row.weight == Weight::kBold;
    return (is_bold ? "\x1b[1m" : "") + line_of(row) + (is_bold ? "\x1b[0m" : "") + "\n";
  };
  std::string text = styled(titles) + rule + "\n";
  for (const Row& row : rows_) text += styled(row);
  return text;
}

std::string wrapped(const std::string& label, const std::vector<std::string>& parts, int indent,
                    int columns) {
  std::string text = label + blanks(indent - display_width(label));
  int used = std::max(indent, display_width(label));
  for (size_t i = 0; i < parts.size(); ++i) {
    const bool is_last = i + 1 == parts.size();
    const int width = display_width(parts[i]) + (is_last ? 0 : 1);  // with its comma
    if (i > 0 && used + 1 + width > columns) {
      text += "\n" + blanks(indent);
      used = indent;
    } else if (i > 0) {
      text += " ";
      ++used;
    }
    text += parts[i] + (is_last ? "" : ",");
    used += width;
  }
  return text + "\n";
}

}  // namespace cnn

// Table: rows for a terminal, columns as wide as their widest cell; nothing is ever cut off.
#pragma once

#include <string>
#include <vector>

namespace cnn {

class Table {
 public:
  enum class Align { kLeft, kRight };
  enum class Weight { kPlain, kBold };

  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };

  explicit Table(std::vector<Column> columns);

  // One cell a column.
  void add(std::vector<std::string> cells, Weight weight = Weight::kPlain);
  // A line across the table.
  void add_rule();

  int width() const;
  // Titles, a line, rows; no blanks at the ends of lines. `color`: bold by terminal codes.
  // `is_utf8`: lines of box characters.
  std::string str(bool is_utf8 = false, bool color = false) const;

 private:
  struct Row {
    std::vector<std::string> cells;  // none: a line
    Weight weight = Weight::kPlain;
  };
  std::string line_of(const Row& row) const;

  std::vector<Column> columns_;
  std::vector<int> widths_;
  std::vector<Row> rows_;
};

// "label  part, part, part", broken after commas where a line would be longer than `columns`; later
// lines are indented by `indent`, and the label is padded to it.
std::string wrapped(const std::string& label, const std::vector<std::string>& parts, int indent,
                    int columns);

}  // namespace cnn

// CSV with a header line (RFC 4180 quoting): results.csv and tables of predictions.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cnn {

// One line with its '\n'; fields with a comma, a quote or a line break are quoted.
std::string csv_line(std::span<const std::string> fields);

// A number as CSV: the shortest text that reads back as the same double; "" for NaN.
std::string csv_number(double value);

class CsvTable {
 public:
  // CRLF and a missing last line break are accepted; a line with too few or too many fields, an
  // open quote or a column given twice is Exit::kInput at FILE:LINE:COL.
  static CsvTable parse(std::string_view text, const std::string& name);
  static CsvTable read(const std::string& path);

  const std::vector<std::string>& columns() const { return columns_; }
  size_t rows() const { return rows_.size(); }
  int column(std::string_view name) const;  // -1 if there is none
  const std::string& text(size_t row, int column) const;
  // NaN for an empty field; Exit::kInput at FILE:LINE:COL for what is no number.
  double number(size_t row, int column) const;
  std::string place(size_t row, int column) const;  // FILE:LINE:COL of a field, for messages

 private:
  struct Row {
    std::vector<std::string> fields;
    std::vector<int> field_columns;  // where each starts, for messages
    int line = 0;
  };
  std::string name_;
  std::vector<std::string> columns_;
  std::vector<Row> rows_;
};

}  // namespace cnn

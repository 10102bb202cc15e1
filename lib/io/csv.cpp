#include "io/csv.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

#include "base/error.h"
#include "base/files.h"

namespace cnn {
namespace {

constexpr uint64_t kMaxFile = 256 << 20;

std::string place_of(const std::string& name, int line, int column) {
  return fmt::format("{}:{}:{}", name, line, column);
}

// One line after the other, with the rules of RFC 4180.
class LineReader {
 public:
  LineReader(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  std::vector<std::string> fields;
  std::vector<int> columns;  // where each field starts, 1-based
  int line = 0;              // of the first field

  bool next() {
    if (at_ == text_.size()) return false;
    fields.clear();
    columns.clear();
    line = current_line_;
    line_begin_ = at_;
    do {
      columns.push_back(static_cast<int>(at_ - line_begin_) + 1);
      fields.push_back(at_ < text_.size() && text_[at_] == '"' ? quoted() : plain());
    } while (separator());
    ++current_line_;
    return true;
  }

 private:
  std::string plain() {
    const size_t end = std::min(text_.find_first_of(",\n", at_), text_.size());
    std::string field(text_.substr(at_, end - at_));
    at_ = end;
    const bool at_line_end = at_ == text_.size() || text_[at_] == '\n';
    if (at_line_end && field.ends_with('\r')) field.pop_back();
    return field;
  }

  std::string quoted() {
    const int begin = columns.back();
    std::string field;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') {
        const bool doubled = at_ + 1 < text_.size() && text_[at_ + 1] == '"';
        if (!doubled) break;
        ++at_;
      }
      if (text_[at_] == '\n') ++current_line_;
      field += text_[at_];
    }
    if (at_ == text_.size()) {
      fail(Exit::kInput, place_of(name_, line, begin), "a quote is not closed");
    }
    ++at_;
    if (text_.substr(at_).starts_with("\r\n")) ++at_;
    if (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '\n') {
      fail(Exit::kInput, place_of(name_, line, begin), "text after the closing quote");
    }
    return field;
  }

  // True after a comma; passes the end of the line otherwise.
  bool separator() {
    if (at_ == text_.size()) return false;
    return text_[at_++] == ',';
  }

  std::string_view text_;
  const std::string& name_;
  size_t at_ = 0;
  size_t line_begin_ = 0;
  int current_line_ = 1;
};

}  // namespace

std::string csv_line(std::span<const std::string> fields) {
  std::string line;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) line += ',';
    const std::string& field = fields[i];
    if (field.find_first_of(",\"\r\n") == std::string::npos) {
      line += field;
      continue;
    }
    line += '"';
    for (const char c : field) line.append(c == '"' ? 2 : 1, c);
    line += '"';
  }
  return line + '\n';
}

std::string csv_number(double value) { return std::isnan(value) ? "" : fmt::format("{}", value); }

CsvTable CsvTable::parse(std::string_view text, const std::string& name) {
  CsvTable table;
  table.name_ = name;
  LineReader reader(text, table.name_);
  if (!reader.next()) fail(Exit::kInput, name, "is empty, expected a line of column names");
  table.columns_ = reader.fields;
  for (size_t i = 0; i < table.columns_.size(); ++i) {
    if (table.column(table.columns_[i]) != static_cast<int>(i)) {
      fail(Exit::kInput, place_of(name, reader.line, reader.columns[i]),
           "column '{}' is there twice", table.columns_[i]);
    }
  }
  while (reader.next()) {
    const size_t expected = table.columns_.size(), found = reader.fields.size();
    if (found != expected) {
      fail(Exit::kInput, place_of(name, reader.line, reader.columns[std::min(found - 1, expected)]),
           "{} fields, the header has {}", found, expected);
    }
    table.rows_.push_back({reader.fields, reader.columns, reader.line});
  }
  return table;
}

CsvTable CsvTable::read(const std::string& path) { return parse(read_file(path, kMaxFile), path); }

int CsvTable::column(std::string_view name) const {
  const auto found = std::find(columns_.begin(), columns_.end(), name);
  return found == columns_.end() ? -1 : static_cast<int>(found - columns_.begin());
}

const std::string& CsvTable::text(size_t row, int column) const {
  return rows_.at(row).fields.at(static_cast<size_t>(column));
}

std::string CsvTable::place(size_t row, int column) const {
  const Row& r = rows_.at(row);
  return place_of(name_, r.line, r.field_columns.at(static_cast<size_t>(column)));
}

double CsvTable::number(size_t row, int column) const {
  const std::string& field = text(row, column);
  if (field.empty()) return std::numeric_limits<double>::quiet_NaN();
  double value = 0;
  const auto parsed = std::from_chars(field.data(), field.data() + field.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != field.data() + field.size()) {
    fail(Exit::kInput, place(row, column), "expected a number, found '{}'", field);
  }
  return value;
}

}  // namespace cnn

// From places in a text, as bytes, to marks: 1-based lines and columns in code points.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "spec/diagnostics.h"

namespace cnn {

// Best asked in order: columns are counted on from the last mark.
class Positions {
 public:
  explicit Positions(std::shared_ptr<const Source> source);

  const std::string& text() const { return source_->text; }
  // The byte at an offset; a line break behind the end.
  char at(size_t offset) const { return offset < text().size() ? text()[offset] : '\n'; }
  // Of a 0-based line and column in bytes; the end of the text if there is no such line.
  size_t offset(int line, int column) const;
  // Of the bytes [offset, end), at least one character long.
  Mark mark(size_t offset, size_t end);
  Mark mark(size_t offset) { return mark(offset, offset); }

 private:
  int code_points(size_t begin, size_t end) const;

  std::shared_ptr<const Source> source_;
  std::vector<size_t> line_starts_;
  size_t line_start_ = 0;  // of the last mark
  size_t counted_ = 0;     // its offset
  int column_ = 1;
};

}  // namespace cnn

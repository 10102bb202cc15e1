#include "spec/positions.h"

#include <algorithm>

namespace cnn {

Positions::Positions(std::shared_ptr<const Source> source) : source_(std::move(source)) {
  line_starts_.push_back(0);
  for (size_t i = 0; i < text().size(); ++i) {
    if (text()[i] == '\n') line_starts_.push_back(i + 1);
  }
}

size_t Positions::offset(int line, int column) const {
  if (line < 0 || static_cast<size_t>(line) >= line_starts_.size()) return text().size();
  const size_t start = line_starts_[static_cast<size_t>(line)];
  return std::min(start + static_cast<size_t>(std::max(column, 0)), text().size());
}

Mark Positions::mark(size_t offset, size_t end) {
  const auto next = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  const size_t start = *(next - 1);
  if (start != line_start_ || offset < counted_) {
    line_start_ = counted_ = start;
    column_ = 1;
  }
  column_ += code_points(counted_, offset);
  counted_ = offset;
  Mark mark;
  mark.source = source_;
  mark.line = static_cast<int>(next - line_starts_.begin());
  mark.column = column_;
  mark.length = std::max(1, code_points(offset, std::min(end, text().size())));
  return mark;
}

int Positions::code_points(size_t begin, size_t end) const {
  int count = 0;
  for (size_t i = begin; i < end; ++i) {
    count += (static_cast<unsigned char>(text()[i]) & 0xC0u) != 0x80u ? 1 : 0;
  }
  return count;
}

}  // namespace cnn

#include "spec/yaml_scan.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "spec/limits.h"

namespace cnn {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_break(char c) { return c == '\n' || c == '\r'; }
bool is_flow_indicator(char c) { return c == ',' || c == '[' || c == ']' || c == '{' || c == '}'; }

// First byte that belongs to no text, described.
std::optional<ScanProblem> find_bad_byte(std::string_view text) {
  if (text.starts_with("\xFE\xFF") || text.starts_with("\xFF\xFE")) {
    return ScanProblem{0, "the text is UTF-16", "save it as UTF-8"};
  }
  for (size_t i = 0; i < text.size(); ++i) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    if (c == 0) return ScanProblem{i, "a NUL byte; a model file is UTF-8 text"};
    const bool lone_return = c == '\r' && (i + 1 == text.size() || text[i + 1] != '\n');
    const bool control = c < 0x20 && c != '\t' && c != '\n' && c != '\r';
    if (control || lone_return || c == 0x7F) {
      return ScanProblem{i, fmt::format("control character \\x{:02x} in the text", c)};
    }
  }
  if (is_utf8(text)) return std::nullopt;
  size_t good = 0;  // first the bad line, then the bad character in it
  for (size_t end = 0; good < text.size(); good = end) {
    end = std::min(text.find('\n', good), text.size() - 1) + 1;
    if (!is_utf8(text.substr(good, end - good))) break;
  }
  while (good < text.size()) {
    size_t length = 1;
    while (length <= 4 && !is_utf8(text.substr(good, length))) ++length;
    if (length > 4) break;
    good += length;
  }
  return ScanProblem{
      good, fmt::format("byte 0x{:02x} is not UTF-8", static_cast<unsigned char>(text[good])),
      "save the file as UTF-8"};
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  ScanResult run() {
    while (position_ < text_.size() && !result_.fatal) token();
    if (!open_.empty() && !result_.unclosed) {
      result_.unclosed = {open_.back(),
                          fmt::format("this '{}' is never closed", text_[open_.back()])};
    }
    return std::move(result_);
  }

 private:
  char at(size_t i) const { return i < text_.size() ? text_[i] : '\n'; }
  bool in_flow() const { return !open_.empty(); }

  // One token from a place where a token may start.
  void token() {
    if (position_ == line_start_) indentation();
    if (position_ >= text_.size() || result_.fatal) return;
    const char first = text_[position_];
    if (is_break(first)) {
      next_line();
    } else if (is_blank(first)) {
      ++position_;
    } else if (first == '#') {
      skip_to_break();
    } else if (first == '"' || first == '\'') {
      quoted(first);
    } else if (first == '[' || first == '{') {
      open();
    } else if (in_flow() && (first == ']' || first == '}')) {
      close(first);
    } else if (in_flow() && first == ',') {
      comma();
    } else if (first == '&' || first == '*' || first == '!') {
      property();
    } else if ((first == '-' || first == '?' || first == ':') && starts_value(position_ + 1)) {
      ++position_;
    } else if (!in_flow() && (first == '|' || first == '>')) {
      block_scalar();
    } else {
      plain();
    }
  }

  bool starts_value(size_t i) const { return is_blank(at(i)) || is_break(at(i)); }

  void next_line() {
    position_ = std::min(text_.find('\n', position_), text_.size() - 1) + 1;
    line_start_ = position_;
  }
  void skip_to_break() {
    while (position_ < text_.size() && !is_break(text_[position_])) ++position_;
  }

  void indentation() {
    size_t i = position_;
    std::optional<size_t> tab;
    for (; is_blank(at(i)); ++i) {
      if (text_[i] == '\t' && !tab) tab = i;
    }
    const bool has_text = !is_break(at(i)) && at(i) != '#';
    if (tab && has_text && !in_flow()) {
      result_.fatal = {*tab, "a tab in the indentation", "indent with spaces"};
    }
    position_ = i;
  }

  void quoted(char quote) {
    const size_t begin = position_++;
    for (; position_ < text_.size(); ++position_) {
      const char c = text_[position_];
      if (c == '\n') line_start_ = position_ + 1;
      if (c == '\\' && quote == '"') {
        ++position_;
      } else if (c == quote) {
        if (quote == '\'' && at(position_ + 1) == '\'') {
          ++position_;
          continue;
        }
        ++position_;
        return;
      }
    }
    result_.unclosed = {begin, "this quote is never closed"};
  }

  // An anchor, alias or tag; a value may follow it.
  void property() {
    while (!starts_value(position_) && !(in_flow() && is_flow_indicator(at(position_)))) {
      ++position_;
    }
  }

  void open() {
    open_.push_back(position_++);
    if (open_.size() > static_cast<size_t>(kMaxDepth)) {
      result_.fatal = {open_.back(),
                       fmt::format("nested too deeply: depth {} > {}", open_.size(), kMaxDepth)};
    }
  }

  void close(char bracket) {
    const char opened = text_[open_.back()];
    if ((opened == '[') != (bracket == ']') && !result_.unclosed) {
      result_.unclosed = {position_, fmt::format("'{}' where a '{}' is open", bracket, opened)};
    }
    open_.pop_back();
    ++position_;
  }

  void comma() {
    ++position_;
    if (++commas_ > kMaxNodes) {
      result_.fatal = {position_ - 1,
                       fmt::format("the file holds more than {} nodes", with_commas(kMaxNodes))};
    }
  }

  // Lines behind '|' or '>' that are indented deeper than the header's line.
  void block_scalar() {
    const size_t indent = indent_of(line_start_);
    next_line();
    while (position_ < text_.size()) {
      size_t i = position_;
      while (is_blank(at(i)) && i < text_.size()) ++i;
      if (!is_break(at(i)) && indent_of(position_) <= indent) return;
      next_line();
    }
  }
  size_t indent_of(size_t line) const {
    size_t i = line;
    while (i < text_.size() && text_[i] == ' ') ++i;
    return i - line;
  }

  void plain() {
    for (; position_ < text_.size(); ++position_) {
      const char c = text_[position_];
      if (is_break(c) || (in_flow() && is_flow_indicator(c))) return;
      if (c == ':' && starts_value(position_ + 1)) return;
      if (c == '#' && is_blank(text_[position_ - 1])) return;
    }
  }

  std::string_view text_;
  size_t position_ = 0;
  size_t line_start_ = 0;
  std::vector<size_t> open_;  // offsets of open brackets
  size_t commas_ = 0;
  ScanResult result_;
};

}  // namespace

ScanResult scan_yaml(std::string_view text) {
  ScanResult result;
  result.fatal = find_bad_byte(text);
  return result.fatal ? result : Scanner(text).run();
}

}  // namespace cnn
